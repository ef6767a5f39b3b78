"""What the figures at a search's end must be read beside."""

from __future__ import annotations

from models.data.sources import SplitDamaged
from models.data.split import load_splits
from tuner.planning.data_summary import few_text
from tuner.record.run_folder import RunFolder
from tuner.results.files import data_sentence
from tuner.space import Space


def figures_note(space: Space, run_folder: RunFolder) -> str:
    """Say what the figures are of, and what makes them doubtful."""
    try:
        doubt = few_text(space.data, load_splits(run_folder.split))
    except (FileNotFoundError, SplitDamaged):
        doubt = ""
    return "\n".join(filter(None, [data_sentence(space), doubt]))
