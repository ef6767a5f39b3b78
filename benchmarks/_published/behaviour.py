"""What a detector computes, as a digest: of the scores and figures of a small training.

It tells a change of the detector, of its training or of its score from code that was only put in
order: a row is stale when this differs, and not with every file that changes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from _published.code import ROOT, code_digest
from _published.runs import digest_of
from models import detectors
from models.hyperparameters import Value

_SMALL: dict[str, Value] = {
    "width": 4,
    "gan_width": 4,
    "search_steps": 3,
    "bank": 16,
    "samples": 2,
    "batch_normals": 16,
    "batch_anomalies": 8,
    "kde_images": 32,
}
_NORMALS, _ANOMALIES, _SCORED = 64, 16, 16
_FIGURES = ("auroc", "auprc")
_DIGITS = 6


@cache
def behaviour(detector: str, kept: Path = ROOT / "runs" / "published-behaviours.json") -> str:
    """The digest; in the file `kept` it is looked up by the digest of the code, and noted."""
    code = f"{detector} {code_digest((detector,))}"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if code not in known:
        known[code] = digest_of(_computed(detector))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(known, indent=1) + "\n")
    found: str = known[code]
    return found


def _computed(detector: str) -> list[object]:
    """Figures of each epoch, a threshold and some scores, of an epoch for each stage."""
    import torch
    from _random_images import random_images

    from models.lanes.lane import Lane
    from models.trainer import Trainer

    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        data = random_images(_NORMALS, _ANOMALIES)
    known = {each.name for each in detectors.hyperparameters(detector)}
    small = {key: value for key, value in _SMALL.items() if key in known}
    lane = Lane(hyperparameters=detectors.resolve(detector, small), seed=0)
    epochs = max(1, len(detectors.stages(detector)))
    trainer = Trainer(detector, data, [lane], epochs=epochs)
    said: list[object] = []
    for _ in range(epochs):
        result = trainer.epoch()[0]
        if result.error is not None:
            raise result.error
        said.append([_rounded(result.metrics[name]) for name in _FIGURES if name in result.metrics])
    fitted = trainer.fitted(0)
    scores = fitted.score(data.fit.images[:_SCORED])
    return [*said, _rounded(fitted.threshold), [_rounded(float(score)) for score in scores]]


def _rounded(value: float) -> str:
    return f"{value:.{_DIGITS}g}"
