"""FashionMNIST, 28 x 28, 10 classes (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747).

The checksums are of the decompressed content. They were computed from Debian's files; those files
with the publisher's gzip header (name and time, which Debian removes) have the md5 sums that
torchvision publishes, so both are the same images.
"""

from __future__ import annotations

from pathlib import Path

from models.data.idx import IdxPart
from models.data.published import Published

TRAINING = IdxPart(
    images="train-images-idx3-ubyte.gz",
    images_sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    labels="train-labels-idx1-ubyte.gz",
    labels_sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
)
TEST = IdxPart(
    images="t10k-images-idx3-ubyte.gz",
    images_sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    labels="t10k-labels-idx1-ubyte.gz",
    labels_sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)

PUBLISHED = Published(
    title="FashionMNIST",
    training=TRAINING,
    test=TEST,
    folder_name="fashion-mnist",
    torchvision_class="FashionMNIST",
    layout=Path("FashionMNIST", "raw"),
    size="about 31 MB",
    system_folder=Path("/usr/share/datasets/fashion-mnist"),
    debian_package="dataset-fashion-mnist",
)

find = PUBLISHED.find
training_part = PUBLISHED.training_part
check_test = PUBLISHED.check_test
test_part = PUBLISHED.test_part
