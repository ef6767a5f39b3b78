"""Detectors, their training and their data: a plain PyTorch library that knows nothing of searches."""
