"""The one training loop: any detector, any number of lanes.

K configurations of equal structure train as one: their networks are stacked, `vmap` runs them, and
the sum of their losses is differentiated once. K = 1 is ordinary training through the same code.
All lanes see the same order of images per epoch, so that they differ by configuration alone.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from models import detectors
from models.batches import FitImages
from models.detectors.base import Tensors
from models.hyperparameters import Value
from models.lanes import NetworkStack
from models.metrics import Scores
from models.precision import Precision, pick_device, pick_precision
from models.scoring import FittedDetector, numbers
from models.step import Step
from models.validation import Validation, judge, score_lanes

if TYPE_CHECKING:
    from models.data.images import TrainingData


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One configuration: hyperparameters as `detectors.resolve` gives them, and a seed."""

    hyperparameters: dict[str, Value]
    seed: int


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """What one lane did in one epoch; `epoch` counts from 1.

    `losses` are means over the steps, unweighted. `metrics` are of the validation images: auroc and
    auprc of the chosen score, auroc/<part> of every part, and threshold, f1 and accuracy of the
    logistic regression on the reconstruction error. A lane that `diverged` (losses, parameters or
    scores not finite, or scores all the same) has none.
    """

    epoch: int
    losses: dict[str, float]
    metrics: dict[str, float]
    seconds: float
    images_per_second: float
    diverged: bool


class Trainer:
    """Trains lanes an epoch at a time.

    Raises ValueError when the lanes differ in a structural hyperparameter, or the detector cannot
    take the images' size. `device` None is the GPU if there is one. Results are the same for the
    same seeds, data seed, lanes and device; the number of CPU threads may change the last digits.
    """

    def __init__(
        self,
        detector_name: str,
        data: "TrainingData",
        lanes: Sequence[Lane],
        *,
        device: str | None = None,
        data_seed: int = 0,
        precision: Precision = "auto",
    ):
        self.detector_name = detector_name
        self.device = pick_device(device)
        self.precision = pick_precision(precision, self.device)
        self._detector = detectors.load(detector_name)
        self._data_seed = data_seed
        self._lanes = list(lanes)
        self._structure = _structure(detector_name, lanes[0])
        for lane in lanes:
            self._check_structure(lane)
        self._images = FitImages(data, self._structure, data_seed, self.device)
        self._validation_images = data.validation.images.to(self.device)
        self._validation_labels = data.validation.anomalous.numpy()
        self._stacks = self._make_stacks()
        self._step = Step(self._detector, self._stacks, self._images.batch_normals, self.precision)
        self._epochs = [0] * len(lanes)
        self._validations: list[Validation | None] = [None] * len(lanes)
        self._settings = self._gather_settings()

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """What each lane trains now."""
        return tuple(self._lanes)

    def epoch(self) -> list[EpochResult]:
        """Train every lane for one epoch, validate it, and say how it went."""
        start = time.perf_counter()
        losses = self._train_epoch()
        trained = time.perf_counter()
        self._validations = self._validate(losses)
        seconds = time.perf_counter() - start
        pace = self._images.per_epoch / (trained - start)
        return [
            EpochResult(
                epoch=self._epochs[lane],
                losses=losses[lane],
                metrics=validation.metrics() if validation else {},
                seconds=seconds,
                images_per_second=pace,
                diverged=validation is None,
            )
            for lane, validation in enumerate(self._validations)
        ]

    def weights(self, lane: int) -> Tensors:
        """One lane's parameters and buffers on the CPU, named "network.parameter"."""
        return {
            f"{network}.{name}": tensor.cpu()
            for network, stack in self._stacks.items()
            for name, tensor in stack.tensors(lane).items()
        }

    def state(self, lane: int) -> dict[str, Any]:
        """All that one lane needs to go on elsewhere: CPU tensors and plain values."""
        moments = {
            f"{phase}/{network}": {
                name: tensor.cpu() for name, tensor in optimizer.state(lane).items()
            }
            for (phase, network), optimizer in self._step.optimizers.items()
        }
        return {"epoch": self._epochs[lane], "weights": self.weights(lane), "moments": moments}

    def load_state(self, lane: int, state: Mapping[str, Any]) -> None:
        """Go on in this lane where `state` was taken; hyperparameters are the lane's own."""
        self._epochs[lane] = int(state["epoch"])
        for network, stack in self._stacks.items():
            stack.load(lane, _of_network(network, state["weights"]))
        for (phase, network), optimizer in self._step.optimizers.items():
            optimizer.load_state(lane, state["moments"][f"{phase}/{network}"])

    def replace(self, lane: int, new: Lane) -> None:
        """Start another configuration in this lane, from its first epoch."""
        self._check_structure(new)
        self._lanes[lane] = new
        self._epochs[lane] = 0
        for name, module in self._make_networks(new).items():
            self._stacks[name].load(lane, module.state_dict())
        for optimizer in self._step.optimizers.values():
            optimizer.reset(lane)
        self._settings = self._gather_settings()

    def fitted(self, lane: int) -> FittedDetector:
        """The lane as it stands, with the score fitted on its last validation.

        Raises ValueError before the first epoch and after divergence.
        """
        validation = self._validations[lane]
        if validation is None:
            raise ValueError(f"lane {lane} has no usable validation: train an epoch first")
        return FittedDetector(
            detector=self.detector_name,
            hyperparameters=dict(self._lanes[lane].hyperparameters),
            channels=self._images.channels,
            size=self._images.size,
            weights=self.weights(lane),
            mixture=validation.mixture(),
            threshold=validation.threshold(),
            error_threshold=validation.error_threshold(),
        )

    def _train_epoch(self) -> list[dict[str, float]]:
        """One pass over the fit images; the mean of every loss term, per lane."""
        for module in self._modules.values():
            module.train()
        sums: Tensors = {}
        if self._detector.phases:
            for images in self._images.batches(self._epochs):
                for name, term in self._step.run(images, self._settings).items():
                    sums[name] = sums[name] + term if name in sums else term
        self._epochs = [epoch + 1 for epoch in self._epochs]
        means = {name: (total / self._images.steps).tolist() for name, total in sums.items()}
        return [
            {name: values[lane] for name, values in means.items()}
            for lane in range(len(self._lanes))
        ]

    def _validate(self, losses: list[dict[str, float]]) -> list[Validation | None]:
        """Each lane's scores; None for a lane that diverged."""
        parts = self._score_parts()
        healthy = torch.stack([stack.finite() for stack in self._stacks.values()]).all(0).tolist()
        return [
            judge(
                {name: part[lane] for name, part in parts.items()},
                self._validation_labels,
                self._lanes[lane].hyperparameters,
            )
            if healthy[lane] and all(map(math.isfinite, losses[lane].values()))
            else None
            for lane in range(len(self._lanes))
        ]

    def _score_parts(self) -> dict[str, Scores]:
        """Score parts [K, N] of the validation images."""
        return score_lanes(self._detector, self._stacks, self._validation_images, self._settings)

    def _make_networks(self, lane: Lane) -> dict[str, nn.Module]:
        """Newly initialised on the CPU, so that a seed means the same on every device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(lane.seed)
            return self._detector.networks(
                lane.hyperparameters, self._images.channels, self._images.size
            )

    def _make_stacks(self) -> dict[str, NetworkStack]:
        made = [self._make_networks(lane) for lane in self._lanes]
        return {
            name: NetworkStack([networks[name] for networks in made], self.device)
            for name in made[0]
        }

    @property
    def _modules(self) -> dict[str, nn.Module]:
        return {name: stack.module for name, stack in self._stacks.items()}

    def _gather_settings(self) -> Tensors:
        """Numeric hyperparameters of all lanes by name [K]."""
        rows = [numbers(lane.hyperparameters) for lane in self._lanes]
        return {
            name: torch.tensor([row[name] for row in rows], device=self.device) for name in rows[0]
        }

    def _check_structure(self, lane: Lane) -> None:
        for name, value in _structure(self.detector_name, lane).items():
            if value != self._structure[name]:
                raise ValueError(
                    f"lanes that train together must agree on {name}: "
                    f"one has {self._structure[name]!r}, another {value!r}"
                )


def _structure(detector: str, lane: Lane) -> dict[str, Value]:
    return {
        hyperparameter.name: lane.hyperparameters[hyperparameter.name]
        for hyperparameter in detectors.hyperparameters(detector)
        if hyperparameter.structural
    }


def _of_network(network: str, weights: Mapping[str, Tensor]) -> Tensors:
    prefix = f"{network}."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
