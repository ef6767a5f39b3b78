"""Small trainings of any detector, and all the numbers that they come to."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from models import detectors
from models.data.images import TrainingData
from models.detectors.model import Tensors
from models.fitted import FittedDetector
from models.hyperparameters import Hyperparameter, Value
from models.lanes.lane import EpochResult, Lane
from models.lanes.scoring import score_lanes
from models.stages import stage_lengths
from models.testing.planted import planted_data
from models.trainer import Trainer

SIZES, CHANNELS = (16, 32, 64), (1, 3)
"""Of the images that a detector is tried with, where it claims them."""
_MOST = 64
"""What a structural number is left at, if it has no name that is known here."""
_MOST_EPOCHS = 24
_QUICK = 1e-3
"""A learning rate with which a few hundred steps are enough."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a training of one lane came to: its epochs, and all its numbers by name."""

    results: list[EpochResult]
    numbers: dict[str, Any]

    def same(self, other: "Outcome") -> bool:
        """Whether all numbers are equal, bit for bit."""
        return same(self.numbers, other.numbers)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A detector trained with `tiny_values`, for the tests that ask nothing special of it."""

    trainer: Trainer
    fitted: FittedDetector
    outcome: Outcome

    @property
    def images(self) -> Tensor:
        """Some to score, normal and anomalous."""
        return small_data(self.fitted.detector).validation.images

    def parts(self) -> Tensors:
        """Their score parts [N]."""
        return self.fitted.score_parts(self.images)


def tiny_values(detector: str) -> dict[str, Value]:
    """Hyperparameters that make a detector small: as few channels and numbers as it allows.

    Widths are 4, batches 8 normal images and 4 known anomalies, latent vectors 8 numbers; any other
    structural whole number above 64 is as low as it goes, from 4 on.
    """
    return _small_values(detector, width=4, latent=8, others=4)


def learning_values(detector: str) -> dict[str, Value]:
    """Large enough to learn something in a few epochs: low rates are tripled, and nothing rests."""
    values = _small_values(detector, width=8, latent=16, others=32)
    for each in detectors.hyperparameters(detector):
        if each.high is None:
            continue
        if each.name.endswith(("learning_rate", "_lr")) and float(each.default) < _QUICK:
            values[each.name] = each.check(min(each.high, 3 * float(each.default)))
        elif each.name == "patience":
            values[each.name] = each.check(each.high)
    return values


def _small_values(detector: str, *, width: int, latent: int, others: int) -> dict[str, Value]:
    known = {"width": width, "latent": latent, "batch_normals": 8, "batch_anomalies": 4}
    values: dict[str, Value] = {}
    for each in detectors.hyperparameters(detector):
        if not each.structural or each.low is None or not isinstance(each.default, int):
            continue
        name = "width" if each.name.endswith("_width") else each.name
        if name in known or each.default > _MOST:
            wanted = max(known.get(name, others), int(each.low))
            values[each.name] = min(wanted, int(each.high or wanted))
    return values


def resolved(detector: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """All hyperparameters: `tiny_values` but for these."""
    return detectors.resolve(detector, {**tiny_values(detector), **values})


def stage_count(detector: str) -> int:
    """How many stages it has; one of a detector that trains nothing."""
    return max(1, len(detectors.stages(detector)))


def epochs_of_two_each(detector: str) -> int:
    """So few that every stage has two, or 24, where a stage takes a small share."""
    shares = detectors.stages(detector)
    if not shares:
        return 3
    enough = (n for n in range(2 * len(shares), _MOST_EPOCHS) if min(stage_lengths(shares, n)) > 1)
    return next(enough, _MOST_EPOCHS)


@cache
def small_data(detector: str) -> TrainingData:
    """Of the smallest images that it claims."""
    claims = detectors.requirements(detector)
    size = next((size for size in SIZES if not claims.size_problem(size)), SIZES[0])
    channels = next((n for n in CHANNELS if not claims.channels_problem(n)), CHANNELS[0])
    return planted_data(size=size, channels=channels)


def initial_networks(detector: str, seed: int) -> dict[str, nn.Module]:
    """As they are made from a seed."""
    shape = small_data(detector).preprocessing
    made = detectors.make(detector, resolved(detector, {}), shape.channels, shape.size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return made.networks()


def make_trainer(
    detector: str,
    *lanes: Mapping[str, Value],
    data: TrainingData | None = None,
    epochs: int | None = None,
    seed: int = 0,
    one_seed: bool = False,
) -> Trainer:
    """A lane for each mapping of what differs from `tiny_values`; seeds count from `seed`.

    For two epochs a stage, where nothing else is said.
    """
    made = [
        Lane(hyperparameters=resolved(detector, values), seed=seed + (0 if one_seed else place))
        for place, values in enumerate(lanes or ({},))
    ]
    return Trainer(
        detector,
        small_data(detector) if data is None else data,
        made,
        device="cpu",
        precision="float32",
        epochs=2 * stage_count(detector) if epochs is None else epochs,
    )


@cache
def trained(detector: str) -> Trained:
    """With `tiny_values`, two epochs a stage."""
    trainer = make_trainer(detector)
    results = [trainer.epoch()[0] for _ in range(2 * stage_count(detector))]
    last = results[-1]
    assert last.error is None, f"the last epoch raises {last.error!r}"
    assert not last.diverged, last.why
    outcome = Outcome(results=results, numbers=_numbers(trainer, 0, results))
    return Trained(trainer=trainer, fitted=trainer.fitted(0), outcome=outcome)


def outcomes(detector: str, lanes: Sequence[Mapping[str, Value]]) -> list[Outcome]:
    """Of two epochs a stage, packed where the detector can be; all lanes from one seed."""
    if not lanes:
        return []
    if len(lanes) > 1 and not detectors.packable(detector):
        return [outcomes(detector, [lane])[0] for lane in lanes]
    trainer = make_trainer(detector, *lanes, one_seed=True)
    epochs = [trainer.epoch() for _ in range(2 * stage_count(detector))]
    made = []
    for lane in range(len(lanes)):
        results = [epoch[lane] for epoch in epochs]
        made.append(Outcome(results=results, numbers=_numbers(trainer, lane, results)))
    return made


def lane_numbers(detector: str) -> list[Hyperparameter]:
    """The numbers that lanes may differ in."""
    every = detectors.hyperparameters(detector)
    return [each for each in every if not each.structural and each.choices is None]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Trainings with all defaults, and with each of `lane_numbers` at its low and its high end.

    The same place of each differs by one number alone, and so by nothing else, bit for bit.
    """

    default: list[Outcome]
    low: list[Outcome]
    high: list[Outcome]


@cache
def ranges(detector: str) -> Ranges:
    """Of all numbers together."""
    settings = lane_numbers(detector)

    def at(end: str) -> list[Outcome]:
        values = [{each.name: each.check(getattr(each, end))} for each in settings]
        return outcomes(detector, values)

    nothing: list[dict[str, Value]] = [{} for _ in settings]
    return Ranges(default=outcomes(detector, nothing), low=at("low"), high=at("high"))


def lane_parts(trainer: Trainer, images: Tensor) -> Tensors:
    """Score parts [K, N] of the lanes as they stand, as the last stage's validation sees them."""
    group = trainer.whole()
    return score_lanes(group._detector.score_parts, group.state, images)


def _numbers(trainer: Trainer, lane: int, results: Sequence[EpochResult]) -> dict[str, Any]:
    """Weights, what is remembered of them, losses and score parts of one lane."""
    images = small_data(trainer.detector_name).validation.images
    parts = {name: part[lane] for name, part in lane_parts(trainer, images).items()}
    losses = {str(each.epoch): each.losses for each in results}
    own = {"state": trainer.state(lane), "kept": trainer.weights(lane), "parts": parts}
    return flat({**own, "losses": losses})


def flat(tree: Any, name: str = "") -> dict[str, Any]:
    """All leaves of nested dicts by their path."""
    if not isinstance(tree, dict):
        return {name: tree}
    return {k: v for key, each in tree.items() for k, v in flat(each, f"{name}/{key}").items()}


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Bit for bit; what is not finite equals itself."""
    if one.keys() != other.keys():
        return False
    pairs = [(one[name], other[name]) for name in one]
    return all(
        a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
        if isinstance(a, Tensor)
        else str(a) == str(b)
        for a, b in pairs
    )


def saved(state: Mapping[str, Any]) -> bytes:
    """As a checkpoint is written."""
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def restored(data: bytes) -> dict[str, Any]:
    """As a checkpoint is read: tensors and plain values alone."""
    state: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    return state
