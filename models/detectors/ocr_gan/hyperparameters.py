"""What can be set of OCR-GAN: what Skip-GANomaly has, and of its pseudo-anomalies. Torch-free."""

from models.detectors import settings
from models.detectors.skip_ganomaly import hyperparameters as skip_ganomaly

PAPER = "Liang, Zhang, Zhao, Wu, Liu, Pan, OCR-GAN, IEEE Transactions on Image Processing 2023"
_CODE = "Liang et al. 2023, released code"

HYPERPARAMETERS = (
    *skip_ganomaly.HYPERPARAMETERS,
    settings.weight(
        "pseudo_anomaly",
        1.0,
        0.0,
        5.0,
        "telling the discriminator's pseudo-anomalies from normal images; 0: there are none",
        _CODE,
    ),
    settings.number(
        "paste_area",
        0.15,
        0.02,
        0.5,
        "the largest share of a pseudo-anomaly that is a pasted piece; the smallest is 0.02",
        _CODE,
    ),
    settings.number(
        "paste_jitter",
        0.1,
        0.0,
        0.5,
        "how far brightness, contrast, saturation and hue of a pasted piece may change",
        _CODE,
    ),
)

REQUIREMENTS = skip_ganomaly.REQUIREMENTS

SCORES = skip_ganomaly.SCORES

PUBLISHED = skip_ganomaly.PUBLISHED
