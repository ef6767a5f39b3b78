"""Weights & Biases: whether runs go online, the runs themselves, the listener that feeds them."""
