"""By what W&B's runs are told apart and found: names and tags."""

from pathlib import Path

import pytest

from tests.tuner import wandb_files
from tests.tuner.fake_trials import trial
from tests.tuner.simulated import small_space
from tests.tuner.test_tracking import feed
from tests.tuner.wandb_server import WandbServer
from tuner.record.run_folder import RunFolder
from tuner.tracking.listener import search_listener
from tuner.tracking.told import tags, trial_name


def test_a_run_would_be_told_from_others_by_its_number_alone() -> None:
    names = list(small_space().search)
    settings = {"abc_weight": 1.23456, "patch_n": 5, "generator_lr": 0.00031, "batch": 8}
    view = trial(7, hyperparameters=settings)
    assert trial_name(view, names) == "trial-7 abc_weight=1.23 patch_n=5 generator_lr=0.00031"
    assert trial_name(view, []) == "trial-7"
    assert trial_name(trial(0, published="W1"), names) == "trial-0 published W1"


def test_a_run_would_not_be_found_by_detector_data_or_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_TAGS", "thesis, digits,")
    listener = search_listener(RunFolder(tmp_path), small_space(), "offline", 0, print)
    for view in (trial(0, 0.9), trial(1, 0.9, state="pruned"), trial(2, 0.9, state="running")):
        feed(listener, view)
    assert listener.close()
    found = {name: run.tags for name, run in wandb_files.runs(tmp_path).items()}
    known = ["two-discriminator-gan", "digits", "thesis"]
    assert found == {
        "trial-0": [*known, "complete"],
        "trial-1": [*known, "pruned"],
        "trial-2": [*known, "interrupted"],
    }


def test_a_trial_that_went_on_would_keep_the_tag_of_its_interruption(
    server: WandbServer, tmp_path: Path
) -> None:
    for view in (trial(0, 0.9, state="running"), trial(0, 0.9, 0.95)):
        listener = search_listener(RunFolder(tmp_path), small_space(), "online", 0, print)
        feed(listener, view)
        assert listener.close()
    assert server.named("trial-0").tags == ["two-discriminator-gan", "digits", "complete"]


def test_own_images_in_a_deep_folder_would_make_a_tag_that_wandb_refuses() -> None:
    found = tags({"detector": "padim", "data": f"/photos/{'deep/' * 20}{'x' * 80}"})
    assert found == ("padim", "x" * 64)
