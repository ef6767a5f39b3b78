"""A report that stays, of a choice that was taken further and came to the same trainings."""

import shutil
from pathlib import Path

from tuner.figures.metrics import Metrics, write_metrics
from tuner.record.run_folder import RunFolder
from tuner.retrain.card import choice_facts, write_card
from tuner.retrain.model_folder import CARD, read_json
from tuner.retrain.work_dir import install
from tuner.storage.files import replace_file


def with_choice(metrics: Metrics, known: Metrics, run_folder: RunFolder, work: Path) -> Metrics:
    """Put what is known of the choice into the report and its model's card; all figures stay."""
    told = {**metrics, "chosen_among": known}
    card = read_json(run_folder.model / CARD)
    if isinstance(card, dict):
        model = shutil.copytree(run_folder.model, work / run_folder.model.name)
        write_card({**card, **choice_facts(told)}, model)
        install(run_folder.model, model)
    replace_file(run_folder.metrics, lambda path: write_metrics(told, path))
    return told
