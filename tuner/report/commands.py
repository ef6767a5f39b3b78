"""The commands that a report names: what to type next, and what makes the same again."""

import json
import math
from dataclasses import fields
from pathlib import Path

from models import detectors
from models.data.config import DataConfig
from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.figures.advice import advice
from tuner.figures.metrics import BEST, ENSEMBLE, Metrics
from tuner.report.importance import LEAST
from tuner.report.material import Material
from tuner.space import Space
from tuner.space.domains import Choice

_SPACES = Path(__file__).parents[2] / "search_spaces"


def next_commands(material: Material) -> list[str]:
    """To go on with the search, to retrain its best, or to use the retrained model.

    In place of a model that is advised against, what to search instead. None while it is under way.
    """
    if material.under_way:
        return []
    if not material.finished:
        return [command("tuner.search", "--resume", *run_words(material.folder.path))]
    if not material.ranking:
        return []
    if material.retrained is None:
        return [command("tuner.retrain", *run_words(material.folder.path))]
    if "test" not in material.retrained:  # of each class in turn: one model a class
        return []
    instead = advice(material.retrained).instead
    return _instead(material, instead) if instead else _of_model(material)


def _of_model(material: Material) -> list[str]:
    model = ("--model", material.folder.model.absolute())
    return [
        command("tuner.score", *model, "IMAGES", "--out", "scores.csv", "--heatmaps", "maps/"),
        command("tuner.export", *model, "--out", "detector.onnx"),
    ]


def _instead(material: Material, detector: str) -> list[str]:
    """Search and retrain the better detector on the same images; or search further."""
    space = _SPACES / f"{detector}.yaml"
    if detector in (BEST, material.space.detector) or not space.exists():
        return [more_trials(material, len(material.trials))] if _has_more(material.space) else []
    name = f"{material.folder.absolute().name}-{detector}"
    data = f"data={_data_of(material.space.data, detector)}"
    return [
        command("tuner.search", "--space", space, "--set", data, "--run", name),
        command("tuner.retrain", "--run", name),
    ]


def _data_of(data: DataConfig, detector: str) -> str:
    """The images as `--set` reads them: what is not as it is where nothing is said."""
    known = DataConfig(dataset=data.dataset, folder=data.folder)
    values = {each.name: getattr(data, each.name) for each in fields(data)}
    if not detectors.learns_anomalies(detector):
        values["anomalies_per_normal"] = 0
    written = {name: value for name, value in values.items() if value != getattr(known, name)}
    folder = {} if data.folder is None else {"folder": str(Path(data.folder).absolute())}
    return json.dumps({"dataset": data.dataset, **folder, **written})


def more_trials(material: Material, more: int) -> str:
    """To extend the search."""
    folder = run_words(material.folder.path)
    return command("tuner.search", "--resume", *folder, "--trials", f"+{more}")


def trials_lacking(material: Material) -> int:
    """How many more trials are likely needed until what matters can be told; 0 where none is.

    They are compared where half of them have come to: so many more, as far as that share holds.
    """
    there = len(material.compared.trials)
    lacking = LEAST - there
    if lacking <= 0 or not _has_more(material.space):
        return 0
    share = there / max(1, len(material.trials)) or 1.0
    return math.ceil(lacking / share)


def _has_more(space: Space) -> bool:
    """Whether there is always another configuration to try: a grid comes to its end."""
    return space.sampler.name != "grid" and any(_varies(each) for each in space.search.values())


def _varies(domain: object) -> bool:
    return not (isinstance(domain, Choice) and len(domain.values) == 1)


def _options(metrics: Metrics) -> list[str]:
    """What a retrain was asked for beside the usual, as it is typed."""
    asked, choice = metrics.get("configuration", {}), metrics.get("chosen_among")
    ensemble = ["--ensemble", str(asked[ENSEMBLE])] if asked.get(ENSEMBLE) else []
    if choice is not None:
        rule, count = choice["rule"], len(choice["candidates"]) + len(choice.get("left_out", ()))
        options = {"--top": count, "--until": f"{rule['level']:g}", "--seeds": rule["first"]}
        options["--max-trainings"] = rule["most"]
        return [*(str(word) for option in options.items() for word in option), *ensemble]
    return ["--seeds", str(len(asked["seeds"])), *ensemble] if ensemble else []


def repeat_commands(material: Material) -> list[tuple[str, str]]:
    """What each does and the command: the same search and retrain again, and a check of the record.

    None while it is under way.
    """
    if material.under_way:
        return []
    folder = material.folder.absolute()
    again = f"{folder.path.name}-again"
    made = [
        (
            "searches again; it writes its own report",
            command("tuner.search", "--space", folder.space, "--run", again),
        )
    ]
    if material.retrained is not None:
        made.append(
            (
                "trains the best of that search again and tests it",
                command("tuner.retrain", "--run", again, *_options(material.retrained)),
            )
        )
    checks = "checks every decision of this record, bit for bit, without training"
    return [*made, (checks, command("tuner.replay", *run_words(folder.path)))]
