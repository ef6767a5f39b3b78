"""The two-discriminator GAN's losses on a plain DCGAN: the better one of a student project."""
