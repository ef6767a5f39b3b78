"""Skip-GANomaly: a U-Net as the generator, and the discriminator's features beside its errors."""
