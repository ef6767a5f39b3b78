"""A search from Python, whose backend trains nothing: what is said, returned, stopped, resumed."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.api.made_up import made_up, stopped_at
from tests.tuner.inline import InlineBackend
from tests.tuner.simulated import recorded_events, small_space
from tuner.api import Run, search
from tuner.backend import ray_backend
from tuner.errors import SpaceError, TunerError
from tuner.planning.machine import find_machine
from tuner.retrain.flow import RetrainSummary

Use = Callable[[InlineBackend], None]
SPACE = small_space(trials=3, wandb={"mode": "off"})


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Use:
    """Have searches in an empty folder run on this backend."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNER_CACHE", str(tmp_path / "cache"))

    def use(backend: InlineBackend) -> None:
        monkeypatch.setattr(ray_backend, "RayBackend", lambda _address: backend)

    return use


@pytest.mark.parametrize("quiet", [False, True])
def test_a_search_from_python_could_not_be_silenced(
    use: Use, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    use(made_up())
    found = search(SPACE, run="mine", quiet=quiet)
    assert found.finished and found.best is not None
    out, err = capsys.readouterr()
    assert err == ""
    assert (out == "") == quiet
    search(SPACE, run="mine", resume=True, quiet=quiet)
    assert (capsys.readouterr().out == "") == quiet


def test_the_record_would_not_say_on_what_the_trials_were_trained(use: Use) -> None:
    use(made_up())
    found = search(SPACE, run="mine", quiet=True)
    (driver,) = recorded_events(found.folder, "driver")
    assert driver["device"] == ("gpu" if find_machine().gpus else "cpu")


def test_a_run_would_flood_a_notebook(use: Use) -> None:
    use(made_up())
    found = search(SPACE, run="mine", quiet=True)
    assert found.best is not None
    best = f"best {found.best.value:.4f} by trial {found.best.trial.number}"
    assert repr(found) == f"<Run runs/mine: 3 trials, {best}, finished>"


def test_a_retrain_would_flood_a_notebook_or_hide_its_best() -> None:
    metrics = {"test": {"auroc": {"mean": 0.97, "seeds": [0.97] * 3}}, "trainings": ["x" * 10**6]}
    retrained = RetrainSummary(run_folder=Path("runs/mine"), metrics=metrics, trained=True)
    assert retrained.best["auroc"]["mean"] == 0.97
    assert repr(retrained) == "<RetrainSummary of runs/mine: test AUROC 0.9700, trained>"


def test_a_space_without_a_file_would_lose_a_word(use: Use) -> None:
    use(made_up())
    written: dict[str, Any] = {
        "detector": "two-discriminator-gan",
        "data": {"dataset": "digits", "normal": [0]},
        "search": {"generator_lr": {"log": [2e-5, 1e-3]}},
        "epochs": 9,
    }
    words = {"trials": 4, "seed": 7, "wandb": "off", "set": {"epochs": 2}}
    found = search(written, quiet=True, **words)
    assert found.folder == Path.cwd() / "runs" / "two-discriminator-gan-1"
    space = found.space
    assert (space.trials, space.sampler.seed, space.epochs, space.wandb.mode) == (4, 7, 2, "off")
    assert len(found.trials) == 4


def test_a_mistake_in_a_space_would_name_a_file_that_nobody_wrote(use: Use) -> None:
    use(made_up())
    written = {"detector": "autoencoder", "data": {"dataset": "digits"}, "search": {"lr": [1, 2]}}
    with pytest.raises(SpaceError) as caught:
        search(written, quiet=True)
    assert str(caught.value).startswith("search.lr: must be a domain such as {uniform: [0.5, 5]}")
    with pytest.raises(TunerError, match=r"^space: .* cannot stand in a space file"):
        search(written | {"seed": object()}, quiet=True)


def test_a_run_that_is_there_would_be_overwritten(use: Use) -> None:
    use(made_up())
    before = search(SPACE, run="mine", quiet=True).trials
    with pytest.raises(TunerError, match=r"runs/mine exists, with .* and is never overwritten"):
        search(SPACE, run="mine", quiet=True)
    assert Run("mine").trials.equals(before)


def test_the_stop_button_would_lose_a_search_or_keep_it_from_going_on(use: Use) -> None:
    use(made_up())
    undisturbed = search(SPACE, run="undisturbed", quiet=True)
    use(stopped_at(5))
    stopped = search(SPACE, run="mine", quiet=True)
    assert not stopped.finished
    assert len(stopped.epochs) == 9  # of the trial that was in training
    assert 'not finished; search(run="runs/mine", resume=True) goes on' in repr(stopped)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    use(made_up())
    found = search(run="mine", resume=True, quiet=True)
    assert found.finished
    columns = ["trial", "epoch", "auroc", "decision"]
    assert found.epochs[columns].equals(undisturbed.epochs[columns])


def test_a_second_press_would_end_the_notebooks_kernel(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "ps1", "In : ", raising=False)
    use(stopped_at(5, times=2))
    with pytest.raises(KeyboardInterrupt):
        search(SPACE, run="mine", quiet=True)
    assert len(Run("mine").epochs) == 5
    use(made_up())
    assert search(run="mine", resume=True, quiet=True).finished


def test_a_script_that_is_told_to_end_would_go_on(use: Use) -> None:
    use(stopped_at(5, signal.SIGTERM))
    with pytest.raises(SystemExit) as caught:
        search(SPACE, run="mine", quiet=True)
    assert caught.value.code == 128 + signal.SIGTERM
    assert not Run("mine").finished


def test_a_stop_while_a_search_starts_would_be_lost(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made_up()

    def stopped() -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(backend, "connected", stopped)
    use(backend)
    with pytest.raises(KeyboardInterrupt):
        search(SPACE, run="mine", quiet=True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    use(made_up())
    assert search(SPACE, run="mine", quiet=True).finished
