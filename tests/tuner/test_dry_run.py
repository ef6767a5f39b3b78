"""What `--dry-run` says is what the command itself would do."""

from pathlib import Path

import pytest

from tests.models.data.conftest import small
from tests.models.data.test_sources import copy_of, use
from tests.tuner.fake_trials import event
from tests.tuner.space.test_space_files import FILES
from tests.tuner.typed_commands import FakeApi, recorded_run
from tuner.errors import OutOfTime
from tuner.record.journal import Journal
from tuner.record.lock import sole_driver
from tuner.record.run_folder import RunFolder
from tuner.search import __main__ as search
from tuner.space import load_space

__all__ = ["small"]

ROOT = Path(__file__).parent.parent.parent


def begun(folder: Path, trials: int) -> None:
    """Leave a record of trials with an epoch each, of which the first has ended."""
    journal = Journal(folder / "events.jsonl")
    space = load_space(folder / "space.yaml").model_dump(mode="json")
    journal.append(event("driver", resumed=False, slots=1, space=space))
    for number in range(trials):
        journal.append(event("asked", number, 1.0, hyperparameters={}))
        row = {"epoch": 1, "metrics": {}, "losses": {}, "seconds": 1.0, "worker": "a"}
        decision = {"action": "continue", "reason": ""}
        journal.append(event("epoch", number, 1.0, **row, decision=decision))
    journal.append(event("ended", 0, 3.0, state="pruned", reason=""))
    journal.close()


@pytest.fixture
def probed(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch takes a second, and the images are where other tests have put them, if any have."""
    assert api
    if (images := ROOT / "data").is_dir() and not Path("data").exists():
        Path("data").symlink_to(images)
    monkeypatch.setattr("tuner.search.dry_run.epoch_seconds", lambda *_: 1.0)
    for name in ("RAY_ADDRESS", "TUNER_STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_not_say_which_run_it_is(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    new = ["--space", "small.yaml", "--dry-run", "--wandb", "off"]
    assert search.main(new) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "New run runs/small-1; storage none; W&B off."
    folder = recorded_run("small-3")
    begun(folder, trials=2)
    assert search.main(["--space", "small.yaml", "--dry-run", "--resume", "--wandb", "off"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("small-3 goes on: 1 of 4 trials have ended; storage none; W&B off.\n")
    assert "Epochs left: at least 3, at most 5," in said


@pytest.mark.usefixtures("probed")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_space_file_of_ours_would_end_in_a_traceback(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some detectors' stages need more epochs than a space has whose scale is still to come."""
    monkeypatch.setattr("tuner.search.dry_run._splits", lambda *_: ())
    assert search.main(["--space", str(file), "--dry-run", "--wandb", "off"]) == 0
    assert "Epochs" in capsys.readouterr().out


def test_a_dry_run_would_download_images_in_silence(
    api: FakeApi, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, copy_of(small))
    monkeypatch.setenv("TUNER_CACHE", "images")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    few = ["data.fit_normals=20", "data.validation_normals=5", "data.validation_anomalies=5"]
    sets = [f"--set={one}" for one in (*few, "fixed.width=2", "wandb.mode=off")]
    assert search.main(["--space", "small.yaml", "--dry-run", *sets]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("New run runs/small-1")
    assert said[1] == "Downloading FashionMNIST (1 MB): download 1"
    assert said[2].startswith("FashionMNIST from download 1")
    assert not any(line.startswith("FashionMNIST from") for line in said[3:])  # said once
    assert said[-1] == (
        "Nothing was started, and nothing was written but images, downloaded and prepared as the "
        "search takes them, in images."
    )
    assert list(Path("images/prepared").iterdir())  # as it says
    assert Path("images/fashion-mnist").is_dir()


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_print_numbers_that_the_data_does_not_have(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = ["--set=data.dataset=digits", "--set=data.validation_anomalies=100", "--wandb=off"]
    assert search.main(["--space", "small.yaml", "--dry-run", *digits]) == 0
    said = capsys.readouterr().out
    assert "  validation_normals: 28\n  validation_anomalies: 100\n" in said
    assert "validation 28 normal and 100 anomalous." in said
    assert (
        search.main(["--space", "small.yaml", "--dry-run", *digits, "--set=data.normal=each"]) == 0
    )
    assert "  validation_normals: 28 to 29\n" in capsys.readouterr().out


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_promise_what_the_search_refuses(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded_run("mine")
    Path("file").touch()
    for options, message in (
        (["--name", "mine"], "runs/mine exists"),
        (["--runs", "file"], "--runs file: the folder cannot be made"),
        (["--storage", "file/below"], "The storage"),
        (["--address", "127.0.0.1:9"], "There is no Ray cluster at 127.0.0.1:9"),
    ):
        assert search.main(["--space", "small.yaml", "--dry-run", *options]) == 2
        assert message in capsys.readouterr().err
    with sole_driver(RunFolder(Path("runs/mine"))):
        assert search.main(["--dry-run", "--resume", "--name", "mine"]) == 2
    assert "is being searched by another driver" in capsys.readouterr().err


@pytest.mark.usefixtures("probed")
@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_a_dry_run_would_refuse_a_storage_that_the_search_makes(
    api: FakeApi, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    options = ["--space", "small.yaml", "--dry-run", "--storage", "new", *more]
    assert search.main(options) == 0
    assert f"New run runs/small-1; storage {Path.cwd()}/new; " in capsys.readouterr().out
    assert not Path("new").exists()


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_not_see_a_run_that_only_the_storage_has(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded_run("small-2")
    begun(folder, trials=2)
    Path("shared").mkdir()
    folder.rename("shared/small-2")
    options = ["--space", "small.yaml", "--dry-run", "--resume", "--storage", "shared"]
    assert search.main(options) == 0
    assert capsys.readouterr().out.startswith("small-2 goes on: 1 of 4 trials have ended")
    assert list(Path("runs").iterdir()) == []
    assert search.main([*options, "--seed", "99"]) == 2  # said of a copy that is gone by then
    kept = Path("shared/small-2").absolute()
    assert capsys.readouterr().err.startswith(f"{kept} cannot go on with another space")


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_say_nothing_of_the_time_budget(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    new = ["--space", "small.yaml", "--dry-run", "--wandb", "off", "--time-budget"]
    for given, said in (
        ("1s", "1 s; likely too little for all that is left, --time-budget changes it."),
        ("2h", "2.0 h; enough for all that is left."),
    ):
        assert search.main([*new, given]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[-2] == f"Time budget of all starts together: {said}"
    begun(recorded_run("small-1"), trials=2)
    go_on = ["--run", "small-1", "--resume", "--dry-run", "--wandb", "off", "--time-budget"]
    assert search.main([*go_on, "2s"]) == OutOfTime.exit_code
    assert "is used up (0:03), and nothing was started. Give it more:" in capsys.readouterr().err
    assert search.main([*go_on, "2h"]) == 0
    assert "together: 2.0 h, of which 3 s is used; enough" in capsys.readouterr().out


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_promise_to_go_on_with_other_images(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded_run("small-2")
    journal = Journal(folder / "events.jsonl")
    space = load_space(folder / "space.yaml").model_dump(mode="json")
    facts = {"split_digest": "", "images_digest": "a" * 64, "code": {}}
    journal.append(event("driver", resumed=False, slots=1, space=space, **facts))
    journal.close()
    go_on = ["--space", "small.yaml", "--dry-run", "--resume"]
    monkeypatch.setattr("tuner.search.dry_run.images_digest", lambda _splits: "a" * 64)
    assert search.main(go_on) == 0
    monkeypatch.setattr("tuner.search.dry_run.images_digest", lambda _splits: "b" * 64)
    assert search.main(go_on) == 2
    assert "the images are not those that" in capsys.readouterr().err


@pytest.mark.usefixtures("probed")
def test_a_dry_run_would_call_a_run_new_whose_space_its_storage_lacks(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded_run("small-2")
    begun(folder, trials=2)
    (folder / "space.yaml").unlink()
    Path("shared").mkdir()
    folder.rename("shared/small-2")
    options = ["--space", "small.yaml", "--dry-run", "--resume", "--storage", "shared"]
    assert search.main(options) == 2
    assert capsys.readouterr().err == "small-2: space.yaml is missing: --resume makes it anew\n"
