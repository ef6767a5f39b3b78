"""KD-CAE: a convolutional autoencoder and the density of its codes."""
