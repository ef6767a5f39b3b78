"""MNIST, handwritten digits, 28 x 28 (LeCun, Bottou, Bengio, Haffner 1998; CC BY-SA 3.0).

The checksums are of the decompressed content, which gzip headers and levels leave alone. The .gz
files whose md5 sums torchvision lists hold this content.
"""

from __future__ import annotations

from pathlib import Path

from models.data.idx import IdxPart
from models.data.published import Published

TRAINING = IdxPart(
    images="train-images-idx3-ubyte.gz",
    images_sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    labels="train-labels-idx1-ubyte.gz",
    labels_sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST = IdxPart(
    images="t10k-images-idx3-ubyte.gz",
    images_sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    labels="t10k-labels-idx1-ubyte.gz",
    labels_sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)

PUBLISHED = Published(
    title="MNIST",
    training=TRAINING,
    test=TEST,
    folder_name="mnist",
    torchvision_class="MNIST",
    layout=Path("MNIST", "raw"),
    size="about 12 MB",
)

find = PUBLISHED.find
training_part = PUBLISHED.training_part
check_test = PUBLISHED.check_test
test_part = PUBLISHED.test_part
