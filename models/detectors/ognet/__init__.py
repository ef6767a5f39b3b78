"""OGNet: a discriminator that ends by telling good reconstructions from bad ones."""
