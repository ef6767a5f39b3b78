"""GANomaly: an image and its reconstruction must have the same code."""
