"""What a retrain trains: the configuration that was found, and what it is held against.

Imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models import detectors
from models.data.config import DataConfig
from models.data.registry import FOLDER
from models.hyperparameters import Value
from tuner.errors import TunerError
from tuner.figures.metrics import AUTOENCODER, BEST, DEFAULTS, PCA
from tuner.results.leaderboard import Gain, best_published, gain
from tuner.retrain.run_check import Searched

BASELINES = (AUTOENCODER, PCA, "random")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One configuration of the report: what the search found, or what it is held against."""

    key: str
    label: str
    detector: str
    hyperparameters: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Baselines:
    """Those that can take the data, and a line about each that cannot."""

    contenders: tuple[Contender, ...] = ()
    left_out: tuple[str, ...] = ()


def best_contender(detector: str, hyperparameters: Mapping[str, Value]) -> Contender:
    """What the search found; its label tells it from a baseline of the same detector."""
    label = f"{detector}, best found" if detector in BASELINES else detector
    return Contender(key=BEST, label=label, detector=detector, hyperparameters=hyperparameters)


def baselines_for(best: Contender, data: DataConfig, epochs: int) -> Baselines:
    """The baselines at their own defaults, as wide as the best configuration.

    In a folder of pictures they also have its batches: their own may hold all pictures at once, so
    that an epoch were a single step. One that has a single of the `epochs` only because the best,
    which trains nothing, needs no more is labelled so.
    """
    keys = ("width", "batch_normals") if data.dataset == FOLDER else ("width",)
    made, left_out = [], []
    for name in BASELINES:
        channels = data.preprocessing.channels
        if problem := detectors.requirements(name).image_problem(data.size, channels):
            left_out.append(f"The baseline {name} is left out: {problem}.")
            continue
        known = {hyperparameter.name for hyperparameter in detectors.hyperparameters(name)}
        found = best.hyperparameters
        shared = {key: found[key] for key in keys if key in found and key in known}
        label = f"{name}, defaults" if name == best.detector else name
        if epochs == 1 and detectors.stages(name) and not detectors.stages(best.detector):
            label = f"{label} (1 epoch)"
        resolved = detectors.resolve(name, shared)
        made.append(Contender(key=name, label=label, detector=name, hyperparameters=resolved))
    return Baselines(contenders=tuple(made), left_out=tuple(left_out))


def published_contender(searched: Searched, best: Contender, objective: str) -> Contender:
    """The published set that the search found best, as it tried it.

    It has the structure of the best, but for what was searched: of that it has its own values, or
    the detector's defaults. Without a record that ranks them it is the first; of a detector
    without published sets, its defaults.
    """
    sets = detectors.published(best.detector)
    recorded = searched.space
    of_detector = recorded is not None and recorded.detector == best.detector
    held = recorded.fixed if recorded is not None and of_detector else {}
    name = _best_in_record(searched, objective) if of_detector else None
    if name not in sets:
        name = next(iter(sets), None)
    varied = recorded.search if recorded is not None and of_detector else {}
    of_best = detectors.structure(best.detector, best.hyperparameters)
    structure = {key: value for key, value in of_best.items() if key not in varied}
    values = {} if name is None else sets[name]
    return Contender(
        key=DEFAULTS,
        label="defaults" if name is None else f"published defaults {name}",
        detector=best.detector,
        hyperparameters=detectors.resolve(best.detector, {**structure, **held, **values}),
    )


def _best_in_record(searched: Searched, objective: str) -> str | None:
    """What `best_tried` gives; TunerError where the record of a run is gone."""
    if not searched.trials and searched.space is not None:
        raise TunerError(
            f"{searched.journal} is missing or empty, so that nobody knows which published set "
            "the search found best: bring it back from a copy, or leave --published out"
        )
    return best_tried(searched, objective)


def best_tried(searched: Searched, objective: str) -> str | None:
    """The published set of the highest validation objective, of those tried to their end."""
    trials = [one for one in searched.trials if one.state == "complete"]
    found = best_published(trials, objective)
    return None if found is None else found.trial.published


def claimed_gain(searched: Searched, objective: str) -> Gain | None:
    """The gain over the better published set that the search saw on validation, if it saw one."""
    found = gain(searched.trials, objective)
    return found if isinstance(found, Gain) else None
