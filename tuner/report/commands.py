"""The commands that a report names: what to type next, and what makes the same again."""

from tuner.cli.command_text import command
from tuner.cli.run_option import run_words
from tuner.report.material import Material


def next_commands(material: Material) -> list[str]:
    """To go on with the search, to retrain its best, or to use the retrained model.

    None while it is under way.
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
    model = ("--model", material.folder.model.absolute())
    return [
        command("tuner.score", *model, "IMAGES", "--out", "scores.csv", "--heatmaps", "maps/"),
        command("tuner.export", *model, "--out", "detector.onnx"),
    ]


def repeat_commands(material: Material) -> list[str]:
    """To search the same again, and to check the record without training.

    None while it is under way.
    """
    if material.under_way:
        return []
    folder = material.folder.absolute()
    return [
        command("tuner.search", "--space", folder.space, "--run", f"{folder.path.name}-again"),
        command("tuner.replay", *run_words(folder.path)),
    ]
