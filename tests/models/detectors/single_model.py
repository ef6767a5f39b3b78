"""One model of a detector as its losses see it, for tests that compute them by other means."""

from collections.abc import Mapping

import torch
from torch import nn

from models import detectors
from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Loss
from models.hyperparameters import Value, numbers


class SingleModel:
    """A detector, its networks in training mode with weights of seed 0, and the model of them."""

    def __init__(self, name: str, values: Mapping[str, Value], channels: int = 1, size: int = 16):
        hyperparameters = detectors.resolve(name, values)
        self.detector: Detector = detectors.make(name, hyperparameters, channels, size)
        torch.manual_seed(0)
        self.networks: dict[str, nn.Module] = self.detector.networks()
        self.model = Model(
            self.networks,
            {name: dict(network.named_parameters()) for name, network in self.networks.items()},
            {name: dict(network.named_buffers()) for name, network in self.networks.items()},
            {name: torch.tensor(value) for name, value in numbers(hyperparameters).items()},
        )


def some_images(count: int, channels: int = 1, size: int = 16, seed: int = 0) -> torch.Tensor:
    """Float images in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(count, channels, size, size, generator=generator) - 1


def normals(images: torch.Tensor) -> Batch:
    """A batch of normal images, without draws."""
    return Batch(images=images, normal_count=len(images))


def phase_losses(
    single: SingleModel, batch: Batch, stage: str = ""
) -> tuple[Tensors, dict[str, Loss]]:
    """What the forward pass of a stage made, and each phase's loss; of the first without a name."""
    stages = single.detector.stages()
    chosen = next(each for each in stages if stage in ("", each.name))
    assert chosen.forward is not None
    made = chosen.forward(single.model, batch)
    return made, {phase.name: phase.loss(single.model, batch, made) for phase in chosen.phases}


def parameter_count(*networks: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(parameter.numel() for network in networks for parameter in network.parameters())
