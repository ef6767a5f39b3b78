"""What to search of a detector, and how long, for so many pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models import detectors
from models.data.config import DataConfig
from models.evaluation.criteria_names import MEANINGS
from models.hyperparameters import Hyperparameter
from tuner.new.split_preview import FEW
from tuner.objectives import LABEL_FREE_OBJECTIVE, Objective, metric_of

LEAST_STEPS = 8
"""Steps that an epoch should have, as far as batches of four allow."""
_BATCHES = (128, 64, 32, 16, 8, 4)
_MOST_NORMALS = 4000  # of the cpu scale
# The autoencoder's validation AUROC on 100 normals of 64 x 64 still grows after 400 steps: from
# 0.72 after 90 to 0.87 after 360 and 0.97 after 900. Steps that see both kinds take four times as
# long, and published sets are never stopped.
_STEPS = {"cpu": 1000, "gpu": 4000}
_STEPS_OF_BOTH = {"cpu": 400, "gpu": 3000}
_EPOCHS = {"cpu": (8, 80), "gpu": (30, 300)}
_WIDTHS = {"cpu": 16, "gpu": 64}
_LARGEST_BATCH = {"cpu": 64, "gpu": 128}
_NOT_SEARCHED = ("score", "patience", "average")
_SMALL_IMAGE = 32  # up to here the patch loss has 9 patches, above 49


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry of a section: its key, its value as YAML, and a comment."""

    key: str
    value: str
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sections of a space file beside its data."""

    objective: Line
    search: tuple[Line, ...]
    fixed: tuple[Line, ...]
    scheduler: Line
    sampler: Line
    sizes: tuple[Line, ...]
    scales: tuple[Line, ...]


def plan(detector: str, data: DataConfig, normals: int, validation_bad: int) -> Plan:
    """What to search of a detector that is fitted on so many normal pictures."""
    search, fixed = _searched(detector, data, normals, validation_bad)
    scaled = any(each.name == "width" for each in detectors.hyperparameters(detector))
    trials = _trials(detector, search)
    grace = "auto"
    sizes: tuple[Line, ...] = (Line(key="epochs", value="1"), Line(key="trials", value=str(trials)))
    scales: tuple[Line, ...] = ()
    if scaled:
        if len(detectors.stages(detector)) == 1:
            grace = str(max(1, _epochs("cpu", detector, normals) // 8))
        sizes = (Line(key="scale", value="auto", comment="gpu where there is a GPU, else cpu"),)
        scales = (
            Line(key="cpu", value=_scale("cpu", detector, normals, trials)),
            Line(key="gpu", value=_scale("gpu", detector, normals, 5 * trials)),
        )
    return Plan(
        objective=_objective(data),
        search=search,
        fixed=fixed,
        sampler=Line(key="sampler", value="{name: qmc, seed: 0}"),
        scheduler=Line(
            key="scheduler",
            value=f"{{name: asha, type: promote, grace_epochs: {grace}, reduction_factor: 3}}",
        ),
        sizes=sizes,
        scales=scales,
    )


def _objective(data: DataConfig) -> Line:
    chosen: Objective = "best_auroc"
    comment = "on validation; the best epoch of a trial counts"
    if data.validation == "synthetic":
        chosen = LABEL_FREE_OBJECTIVE
        meaning = MEANINGS.get(metric_of(chosen))
        comment = f"needs no anomaly: {meaning}" if meaning else "on synthetic anomalies"
    return Line(key="objective", value=chosen, comment=comment)


def batch_of(normals: int, largest: int) -> int:
    """Normal pictures in a step: the largest batch that leaves `LEAST_STEPS` to an epoch."""
    fitting = (b for b in _BATCHES if b <= largest and normals // b >= LEAST_STEPS)
    return next(fitting, min(_BATCHES))


def _epochs(scale: str, detector: str, normals: int) -> int:
    """Enough for so many steps with the larger batch in each stage, within limits."""
    taken = min(normals, _MOST_NORMALS) if scale == "cpu" else normals
    steps = max(1, taken // batch_of(taken, _LARGEST_BATCH["cpu"]))
    low, high = _EPOCHS[scale]
    wanted = (_STEPS_OF_BOTH if detectors.learns_anomalies(detector) else _STEPS)[scale]
    stages = max(1, len(detectors.stages(detector)))
    return stages * min(high, max(low, math.ceil(wanted / steps)))


def _scale(scale: str, detector: str, normals: int, trials: int) -> str:
    epochs = _epochs(scale, detector, normals)
    parts = [f"width: {_WIDTHS[scale]}", f"epochs: {epochs}", f"trials: {trials}"]
    if scale == "cpu" and normals > _MOST_NORMALS:
        parts.append(f"fit_normals: {_MOST_NORMALS}")
    return f"{{{', '.join(parts)}}}"


def _trials(detector: str, search: tuple[Line, ...]) -> int:
    published = len(detectors.published(detector))
    return max(published, 16 if len(search) > 4 else 12) if search else 1


def _searched(
    detector: str, data: DataConfig, normals: int, validation_bad: int
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The sections `search` and `fixed`; of a detector not known here, all that can be searched."""
    taken = min(normals, _MOST_NORMALS)
    batch = batch_of(taken, _LARGEST_BATCH["cpu"])
    match detector:
        case "autoencoder":
            return _autoencoder(batch), ()
        case "two-discriminator-gan" | "dcgan":
            return _gan(data), _gan_fixed(batch, validation_bad)
        case "pca":
            most = min(256, max(2, normals - 1))
            comment = "directions in which good pictures may differ"
            domain = Line(key="components", value=f"{{log_int: [2, {most}]}}", comment=comment)
            return (domain,), ()
    settings = detectors.hyperparameters(detector)
    own = [each for each in settings if not each.structural and each.name not in _NOT_SEARCHED]
    return tuple(_own_range(each) for each in own), _batches(detector, batch)


def _batches(detector: str, batch: int) -> tuple[Line, ...]:
    """How many pictures a step sees, of a detector that says nothing else of it."""
    known = {each.name for each in detectors.hyperparameters(detector)}
    lines = (
        Line(key="batch_normals", value=str(batch), comment="good pictures in a training step"),
        Line(key="batch_anomalies", value=str(max(2, batch // 2)), comment="known bad ones"),
    )
    return tuple(line for line in lines if line.key in known)


def _autoencoder(batch: int) -> tuple[Line, ...]:
    smaller = max(min(_BATCHES), batch // 2)
    return (
        Line(
            key="score",
            value="{choice: [error, worst_patch, map_peak]}",
            comment="of the whole picture, or of its worst place: for small defects",
        ),
        Line(key="learning_rate", value="{log: [3e-4, 1e-2]}"),
        Line(key="beta1", value="{uniform: [0.5, 0.95]}", comment="Adam's memory of gradients"),
        Line(
            key="batch_normals",
            value=f"{{choice: [{smaller}, {2 * smaller}]}}",
            comment="good pictures in a training step",
        ),
    )


def _gan(data: DataConfig) -> tuple[Line, ...]:
    patches = 9 if data.size <= _SMALL_IMAGE else 49
    return (
        Line(key="patch_weight", value="{uniform: [0, 5]}"),
        Line(key="patch_n", value=f"{{int: [1, {patches}]}}", comment=f"of {patches} patches"),
        Line(key="encoder_weight", value="{log: [0.05, 5]}"),
        Line(key="normal_adversarial_weight", value="{log: [0.01, 2]}"),
        Line(key="anomaly_adversarial_weight", value="{log: [0.01, 2]}"),
        Line(key="abc_weight", value="{log: [0.1, 5]}"),
        Line(key="generator_lr", value="{log: [5e-5, 1e-3]}"),
        Line(key="discriminator_lr", value="{log: [5e-5, 1e-3]}"),
    )


def _gan_fixed(batch: int, validation_bad: int) -> tuple[Line, ...]:
    many = validation_bad >= FEW
    comment = "a regression on the score parts, fitted on validation; or error"
    few = f"or mixture, fitted on validation, with {FEW} bad pictures there"
    return (
        Line(key="reconstruction_weight", value="1", comment="Adam cancels a common factor"),
        Line(key="batch_normals", value=str(batch), comment="good pictures in a training step"),
        Line(key="batch_anomalies", value=str(max(2, batch // 2))),
        Line(key="score", value="mixture" if many else "error", comment=comment if many else few),
    )


def _own_range(setting: Hyperparameter) -> Line:
    """The whole range that a hyperparameter has, as the detector's folder says."""
    if setting.choices is not None:
        value = f"{{choice: [{', '.join(map(str, setting.choices))}]}}"
    else:
        whole = isinstance(setting.default, int)
        kinds = ("int", "log_int") if whole else ("uniform", "log")
        low, high = (f"{end:.0f}" if whole else f"{end:g}" for end in (setting.low, setting.high))
        value = f"{{{kinds[setting.log]}: [{low}, {high}]}}"
    return Line(key=setting.name, value=value, comment=setting.meaning)
