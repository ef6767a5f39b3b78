"""AnoGAN (Schlegl et al. 2017): images are compared with the nearest one that a GAN can make."""
