"""What a detector asks of the images, stated beside its hyperparameters. Torch-free.

A space file is held against it before anything starts, and training again where it starts.
"""

from dataclasses import dataclass

PYRAMID_SIZES = (16, 32, 64, 128, 256)
"""Image sides that the strided pyramids of `models.networks.convolutional` take."""


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What images a detector takes: their sides and channels, () for any, and what is in fit.

    One that has `known_anomalies` sees those among the fit images, and needs some. A statistic over
    a batch needs `least_normals` fit normals: a batch is never larger than what there is.
    """

    sizes: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    known_anomalies: bool = False
    least_normals: int = 1

    def size_problem(self, size: int) -> str:
        """What is wrong with images of `size` x `size`, or ""."""
        if not self.sizes or size in self.sizes:
            return ""
        allowed = ", ".join(map(str, self.sizes))
        return f"images are {size} x {size}, this detector takes sides of: {allowed}"

    def channels_problem(self, channels: int) -> str:
        """What is wrong with images of so many channels, or ""."""
        if not self.channels or channels in self.channels:
            return ""
        allowed = ", ".join(map(str, self.channels))
        return f"images have {channels} channels, this detector takes: {allowed}"

    def image_problem(self, size: int, channels: int) -> str:
        """What is wrong with the shape of images, or ""."""
        return self.size_problem(size) or self.channels_problem(channels)

    def anomalies_problem(self, anomalies: int) -> str:
        """What is wrong with so many known anomalies among the fit images, or ""."""
        if anomalies or not self.known_anomalies:
            return ""
        return "this detector needs known anomalies among the fit images, got none"

    def normals_problem(self, normals: int) -> str:
        """What is wrong with so many fit normals, or ""."""
        if normals >= self.least_normals:
            return ""
        least = self.least_normals
        return f"this detector needs {least} normals or more among the fit images, got {normals}"

    def check(self, *, size: int, channels: int, normals: int, anomalies: int) -> None:
        """Raise ValueError with the first problem."""
        problem = (
            self.image_problem(size, channels)
            or self.anomalies_problem(anomalies)
            or self.normals_problem(normals)
        )
        if problem:
            raise ValueError(problem)
