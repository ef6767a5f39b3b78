"""A small real retrain on digits, made once; and the same in this process, for what needs many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner.record.run_folder import RunFolder
from tuner.retrain import final_test, jobs
from tuner.retrain.flow import RetrainSummary, retrain
from tuner.retrain.plan import Plan, Setting, make_plan
from tuner.space import Space, dump_space, load_space

SEEDS, EPOCHS, WIDTH = 2, 2, 8


def make_run(folder: Path, **changes: Any) -> Path:
    """A run's folder with nothing in it but best.yaml."""
    written = {
        "detector": "two-discriminator-gan",
        "data": {"dataset": "digits", "normal": ["3"]},
        "fixed": {"width": WIDTH, "generator_lr": 5e-4, "patch_n": 2},
        "epochs": EPOCHS,
        "trials": 1,
    }
    dump_space(Space.model_validate(written | changes), folder / "best.yaml")
    return folder


def make_search(folder: Path, **changes: Any) -> Path:
    """A run's folder as a search leaves it, as far as a retrain reads it."""
    make_run(folder, **changes)
    dump_space(load_space(folder / "best.yaml"), folder / "space.yaml")
    return folder


def plan_of(folder: Path, **changes: Any) -> Plan:
    """The plan of a run that `make_run` made."""
    space = Space.model_validate(
        {
            "detector": "two-discriminator-gan",
            "data": {"dataset": "digits", "normal": ["3"]},
            "fixed": {"width": WIDTH},
            "epochs": EPOCHS,
            "trials": 1,
        }
        | changes
    )
    return make_plan(
        RunFolder(folder), space, seeds=SEEDS, epochs=None, baselines=True, published=False
    )


@pytest.fixture(scope="session")
def said() -> list[str]:
    """What the retrain of `summary` said."""
    return []


@pytest.fixture(scope="session")
def summary(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> RetrainSummary:
    """A whole retrain in processes of Ray, with everything that can be asked for."""
    folder = make_run(tmp_path_factory.mktemp("runs") / "digits-1")
    return retrain(folder, seeds=SEEDS, published=True, say=said.append)


@pytest.fixture
def quick_retrain(monkeypatch: pytest.MonkeyPatch) -> Callable[..., RetrainSummary]:
    """Retrain without baselines, Ray and pictures; one seed and epoch unless said."""

    def here(setting: Setting, say: Callable[[str], None], *more: Any) -> list[Any]:
        return jobs._train_here(jobs._jobs(setting.plan, fused=False), setting, say, more[-1])

    def quick(folder: Path, **options: Any) -> RetrainSummary:
        usual: dict[str, Any] = {"seeds": 1, "epochs": 1, "baselines": False}
        return retrain(folder, **(usual | {"say": lambda text: None} | options))

    monkeypatch.setattr(jobs, "_train_on_ray", here)
    monkeypatch.setattr(final_test, "_draw", lambda tested, folder: None)
    return quick
