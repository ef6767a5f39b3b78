"""Retrain the best configuration with fresh seeds, open the test split once, report."""
