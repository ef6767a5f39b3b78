"""Several trials in one training step on a GPU: which train together, and their process. No Ray."""
