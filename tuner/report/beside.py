"""What must be read beside the ranking: what it is held against, ties, a training too short."""

from collections.abc import Iterator

from models import detectors
from tuner.figures.metrics import BEST, keyed_blocks
from tuner.report.material import Material
from tuner.report.words import listed, number
from tuner.results.leaderboard import Standing, tied_for_first, unbeaten_text


def beside_ranking(material: Material) -> Iterator[str]:
    """Sentences, each of them whole."""
    yield from _published(material)
    if material.ranking:
        yield _tie(material.ranking)
        yield _still_rising(material, material.ranking[0])


def _published(material: Material) -> Iterator[str]:
    """What the published sets are, or why there are none to be compared with."""
    detector, found = material.space.detector, material.gain
    names = [trial.published for trial in material.trials if trial.published]
    if not isinstance(found, str) and found.best.trial.published:
        yield unbeaten_text(found.best)
    elif isinstance(found, str) and (names or not material.ranking):
        yield found
    if names:
        yield _yardstick(material, sorted(set(names)))
    elif not detectors.published(detector):
        none = f"Nobody has published settings of the detector {detector} to hold it against."
        yield f"{none}{_defaults(material)}"
    elif not material.space.search:
        yield "Nothing was searched: there is one configuration, the space's own."


def _yardstick(material: Material, names: list[str]) -> str:
    sets = "is a set of settings" if len(names) == 1 else "are sets of settings"
    told = f"{listed(names)} {sets} that others have published for this detector"
    better = material.published
    if better is None or len(names) == 1:
        return f"{told}: the yardstick of this search."
    return (
        f"{told}; {better.trial.published}, the better of them on validation, is the yardstick, "
        "and the only one that a retrain tests."
    )


def _defaults(material: Material) -> str:
    """What a contender called "autoencoder, defaults" is."""
    metrics = material.metrics
    blocks = keyed_blocks(metrics) if metrics is not None and "test" in metrics else {}
    own = [
        block["label"]
        for key, block in blocks.items()
        if key != BEST and block["detector"] == material.space.detector
    ]
    if not own:
        return ""
    return f" “{own[0]}” is that detector as it is where nobody sets anything."


def _tie(ranking: list[Standing]) -> str:
    """That others reached the same value, and what put the first before them."""
    first, *level = tied_for_first(ranking)
    if not level:
        return ""
    numbers = listed([str(one.trial.number) for one in (first, *level)])
    longer = [one.trial.epochs > first.trial.epochs for one in level]
    why = "it has the lower number"
    if any(longer):
        why = (
            "it trained fewer epochs" if all(longer) else "of those that trained least it is first"
        )
    return (
        f"Trials {numbers} tie at {number(first.value)}; trial {first.trial.number} is called the "
        f"best because {why}."
    )


def _still_rising(material: Material, first: Standing) -> str:
    """That training may be too short, where the best came to its value in its last epoch."""
    values = [value for epoch, value in material.curve(first.trial) if epoch >= first.since]
    if first.epoch < material.space.epochs or len(values) < 2 or values[-1] <= max(values[:-1]):
        return ""
    return (
        f"The best trial was still rising in its last epoch, {first.epoch}: training for longer "
        "may give more."
    )
