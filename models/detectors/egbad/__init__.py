"""EGBAD (Zenati et al. 2018): a bidirectional GAN, whose encoder saves the search for a code."""
