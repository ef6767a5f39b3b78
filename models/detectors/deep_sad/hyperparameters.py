"""What can be set of Deep SAD. Torch-free."""

from models.detectors import settings
from models.detectors.deep_svdd.hyperparameters import LENET
from models.requirements import PYRAMID_SIZES, Requirements

PAPER = "Ruff et al., Deep semi-supervised anomaly detection, ICLR 2020"
_CODE = "Ruff et al. 2020, released code"

HYPERPARAMETERS = (
    *LENET,
    settings.number(
        "eta",
        1.0,
        0.1,
        10.0,
        "weight of known anomalies beside normal images",
        _CODE,
        log=True,
    ),
    # Together the 128 images of the released code, which draws both kinds from one set.
    settings.batch_normals(112, settings.PROPOSED),
    settings.batch_anomalies(16, settings.PROPOSED),
)

REQUIREMENTS = Requirements(
    sizes=PYRAMID_SIZES, channels=(1, 3), known_anomalies=True, least_normals=2
)

STAGES = {"pretraining": 0.5, "one_class": 0.5}
"""150 epochs each in the released code."""
