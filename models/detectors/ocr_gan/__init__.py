"""OCR-GAN: Skip-GANomaly on two frequency bands, with pseudo-anomalies for the discriminator."""
