"""TailGAN after Dionelis et al. (2020): an energy by a GAN, and a generator on its tail."""
