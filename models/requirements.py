"""What a detector asks of the images, stated beside its hyperparameters. Torch-free.

A space file is held against it before anything starts, and training again where it starts.
"""

from dataclasses import dataclass

PYRAMID_SIZES = (16, 32, 64, 128, 256)
"""Image sides that the strided pyramids of `models.detectors.convolutional` take."""


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """Image sides that it takes, () for any; and whether it cannot train on normals alone."""

    sizes: tuple[int, ...] = ()
    known_anomalies: bool = False

    def size_problem(self, size: int) -> str:
        """What is wrong with images of `size` x `size`, or ""."""
        if not self.sizes or size in self.sizes:
            return ""
        allowed = ", ".join(map(str, self.sizes))
        return f"images are {size} x {size}, this detector takes sides of: {allowed}"

    def anomalies_problem(self, anomalies: int) -> str:
        """What is wrong with so many known anomalies among the fit images, or ""."""
        if anomalies or not self.known_anomalies:
            return ""
        return "this detector needs known anomalies among the fit images, got none"

    def check(self, *, size: int, anomalies: int) -> None:
        """Raise ValueError with the first problem."""
        if problem := self.size_problem(size) or self.anomalies_problem(anomalies):
            raise ValueError(problem)
