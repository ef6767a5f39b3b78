"""The two-discriminator U-Net GAN of Kim et al. (2020), trained with known anomalies."""
