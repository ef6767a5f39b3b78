"""NI-CAE: a convolutional autoencoder trained on images of which some are noisy."""
