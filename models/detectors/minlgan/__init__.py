"""MinLGAN after Wang et al. (2018): a GAN whose generator keeps away from what is likely."""
