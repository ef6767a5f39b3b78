"""A DCGAN as the generator of the two-discriminator GAN: all of its losses, none of its skips.

The better model of "Anomaly Detection on FashionMNIST" (Ahmed, student project, Sapienza), which
takes the losses of Kim et al. (2020) and says of the rest "DCGAN". Its notebook cannot be read, so
this is what we take it to be: strided convolutions down to the latent and up again, so all that the
decoder knows of an image has passed the latent. Differs from it as far as the two-discriminator GAN
differs from its paper: one batch for normals and anomalies, and discriminators of two heads.
"""

from models.detectors.two_discriminator_gan.detector import TwoDiscriminatorGan


class Dcgan(TwoDiscriminatorGan):
    """Networks: `encoder`, `decoder`, `normal_discriminator`, `anomaly_discriminator`."""

    skips = False


DETECTOR = Dcgan
