"""The commands that a report names: what to type next, and what makes the same again."""

import shlex
from pathlib import Path

from tuner.report.material import Material
from tuner.storage.files import as_typed


def next_commands(material: Material) -> list[str]:
    """To go on with the search, to retrain its best, or to use the retrained model."""
    folder = _typed(material.folder.path)
    if not material.finished:
        return [_resume(material)]
    if not material.ranking:
        return []
    if material.metrics is None:
        return [f"python -m tuner.retrain --search {folder}"]
    if "classes" in material.metrics and "test" not in material.metrics:  # one model a class
        return []
    model = _typed(material.folder.model)
    return [
        f"python -m tuner.score --model {model} IMAGES --out scores.csv --heatmaps maps/",
        f"python -m tuner.export --model {model} --out detector.onnx",
    ]


def repeat_commands(material: Material) -> list[str]:
    """To search the same again, and to check the record without training."""
    folder, name = material.folder, material.folder.path.absolute().name
    again = (
        f"python -m tuner.search --space {_typed(folder.space)} --name {shlex.quote(name)}-again"
    )
    return [again, f"python -m tuner.replay {_typed(folder.path)}"]


def _resume(material: Material) -> str:
    folder = material.folder.path.absolute()
    command = f"python -m tuner.search --resume --name {shlex.quote(folder.name)}"
    if folder.parent != Path("runs").absolute():
        command += f" --runs {_typed(folder.parent)}"
    return command


def _typed(path: Path) -> str:
    return shlex.quote(str(as_typed(path.absolute())))
