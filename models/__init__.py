"""Detectors, their training and their data: a plain PyTorch library, unaware of searches."""
