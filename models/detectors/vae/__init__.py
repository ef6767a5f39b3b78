"""A variational autoencoder, of which an image is anomalous that it finds unlikely."""
