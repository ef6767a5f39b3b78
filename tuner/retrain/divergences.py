"""Which trainings of a report diverged, in plain sentences: they do not count as whole ones."""

from tuner.figures.metrics import BEST, Metrics, keyed_blocks
from tuner.figures.words import prose


def diverged_seeds(block: Metrics) -> list[int]:
    """The numbers, from 1, of a contender's seeds that diverged; of reports of any version."""
    trainings = enumerate(block["trainings"], 1)
    return [number for number, each in trainings if each["diverged_epoch"] is not None]


def divergence_lines(metrics: Metrics) -> list[str]:
    """Each training that diverged, with what is taken of it; and where the model is of one."""
    lines = []
    for key, block in keyed_blocks(metrics).items():
        seeds, all_seeds = diverged_seeds(block), len(block["trainings"])
        for number in seeds:
            training = block["trainings"][number - 1]
            why = f" ({training['why']})" if training.get("why") else ""
            lines += prose(
                f"{block['label']} seed {number}/{all_seeds} diverged at epoch "
                f"{training['diverged_epoch']}{why}: it is no whole training, and the figures take "
                f"its {_kept(training)}."
            )
        if key == BEST and len(seeds) == all_seeds:
            lines += prose("No seed of it is whole, so that its model too is of one that diverged.")
    return lines


def _kept(training: Metrics) -> str:
    """The epoch, and its stage where there are several: an earlier one has another score."""
    stage = training.get("kept_stage")
    return f"epoch {training['kept_epoch']}" + (f" of the stage {stage}" if stage else "")
