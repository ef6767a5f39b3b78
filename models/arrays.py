"""The arrays of one model's figures: scores [N] and whether each image is an anomaly [N]."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]
