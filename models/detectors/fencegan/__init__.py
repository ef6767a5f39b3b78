"""FenceGAN of Ngo et al. (2019): a generator that fences the normal images in."""
