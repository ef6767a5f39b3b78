"""Two pictures of OMASGAN: its boundary in the plane, and the divergence in each stage's epochs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from _published.documents.omasgan import SYNTHETIC
from _published.documents.search_gains import searches
from _published.making import Made, make
from models import detectors
from models.data.loading import load_test
from models.data.sources import find
from models.fitted import FittedDetector
from tuner.figures.colours import ALARM, contender_colour
from tuner.figures.metrics import BEST
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.retrain.pictures.style import DARK, LIGHT, new_figure, plain, save
from tuner.space import load_space

BOUNDARY, DIVERGENCE = "omasgan-boundary.png", "omasgan-divergence.png"
_POINTS = 1000
_REACH = 4.0


def draw_omasgan(runs: Path, folder: Path) -> None:
    """Draw both from runs that are there; makes them else."""
    folder.mkdir(exist_ok=True)
    _draw_boundary(make(SYNTHETIC, runs), folder / BOUNDARY)
    _draw_divergence(make(searches()["omasgan"], runs), folder / DIVERGENCE)


def _draw_boundary(made: Made, path: Path) -> None:
    """Normal points, those of the second generator, and those of the boundary around them."""
    fitted = FittedDetector.load(made.folder.model)
    data = load_space(made.folder.best).data
    test = load_test(data, find(data))
    normal = test.images[~test.anomalous]  # one cluster after the other
    normal = normal[:: max(1, len(normal) // _POINTS)].float() / 127.5 - 1
    shown = {
        "x, normal": (normal, DARK),
        "G'(z)": (_generated(fitted, "retrained"), contender_colour(BEST)),
        "B(z)": (_generated(fitted, "boundary"), ALARM),
    }
    figure = new_figure(6, 5.6)
    axes = figure.subplots()
    for name, (points, of) in shown.items():
        flat = points.flatten(1).numpy() * _REACH
        axes.scatter(flat[:, 0], flat[:, 1], s=5, alpha=0.5, color=of, label=name)
    axes.set_xlim(-_REACH, _REACH)
    axes.set_ylim(-_REACH, _REACH)
    axes.legend(frameon=False, fontsize=9)
    plain(axes)
    save(figure, path)


@torch.no_grad()
def _generated(fitted: FittedDetector, name: str) -> torch.Tensor:
    """Points of one of the generators, normalised by their batch as in training."""
    detector = detectors.make(fitted.detector, fitted.hyperparameters, fitted.channels, fitted.size)
    network = detector.networks()[name].train()
    own = {
        key.removeprefix(f"{name}."): value
        for key, value in fitted.weights.items()
        if key.startswith(f"{name}.")
    }
    network.load_state_dict(own)
    assert detector.prior is not None
    draw = torch.rand if detector.prior.kind == "uniform" else torch.randn
    generator = torch.Generator().manual_seed(0)
    made: torch.Tensor = network(draw(_POINTS, *detector.prior.shape, generator=generator))
    return made


def _draw_divergence(made: Made, path: Path) -> None:
    """Of the published set that the search tried: each stage's losses of its critics by epoch."""
    trials = History(read_journal(made.folder.journal)).trials.values()
    rows = next(trial.rows for trial in trials if trial.published is not None)
    figure = new_figure(7, 3.6)
    axes = figure.subplots()
    for stage in dict.fromkeys(row.stage for row in rows):
        own = [row for row in rows if row.stage == stage]
        values = [-sum(_critic(row.losses)) for row in own]
        axes.plot([row.epoch for row in own], np.array(values), marker="o", label=stage)
    axes.set_xlabel("epoch", fontsize=9, color=DARK)
    axes.set_ylabel("divergence, by the critic", fontsize=9, color=DARK)
    axes.axhline(0, color=LIGHT)
    axes.legend(frameon=False, fontsize=9)
    plain(axes)
    save(figure, path)


def _critic(losses: object) -> list[float]:
    """The terms of a critic's loss whose sum is minus its estimate of the divergence."""
    named = dict(losses) if isinstance(losses, dict) else {}
    terms = ("discrimination", "normal", "generated", "retrained", "boundary")
    return [value for name, value in named.items() if name.rsplit("/", 1)[-1] in terms]
