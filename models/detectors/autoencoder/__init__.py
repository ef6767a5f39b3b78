"""A convolutional autoencoder trained on normal images alone: the baseline."""
