"""`tuner.retrain` as a person types it; `tuner.api` is replaced where it would start."""

from pathlib import Path

import pytest

from tests.tuner.typed_commands import FakeApi, recorded_run
from tuner.api import load
from tuner.cli.output import say
from tuner.retrain import __main__ as retrain
from tuner.retrain.choosing.candidates import Asked
from tuner.space import best_space, dump_space, load_space


def test_retrain_would_not_get_the_best_configuration(api: FakeApi) -> None:
    folder = recorded_run("mine")
    best = best_space(load_space(folder / "space.yaml"), {"patch_n": 4}, {"best_auroc": 0.9})
    dump_space(best, folder / "best.yaml")
    assert retrain.main(["--search", "runs/mine", "--seeds", "2", "--epochs", "5"]) == 0
    assert retrain.main(["--config", "runs/mine/best.yaml", "--no-baselines"]) == 0
    first, second = api.calls
    assert first[0] == second[0] == (folder,)
    assert all(callable(named.pop("track")) for _, named in api.calls)
    given = {"space": best, "published": None, "again": False, "say": say}
    given |= {"address": None, "storage": None}
    assert first[1] == given | {"seeds": 2, "epochs": 5, "baselines": True}
    assert second[1] == given | {"seeds": 3, "epochs": None, "baselines": False}


def test_a_retrain_would_stay_on_its_machine_although_a_cluster_is_named(api: FakeApi) -> None:
    folder = recorded_run("mine")
    best = best_space(load_space(folder / "space.yaml"), {"patch_n": 4}, {"best_auroc": 0.9})
    dump_space(best, folder / "best.yaml")
    storage = Path("shared")
    storage.mkdir()
    options = ["--search", "runs/mine", "--address", "10.0.0.5:6379", "--storage", "shared"]
    assert retrain.main(options) == 0
    ((_, named),) = api.calls
    assert named["address"] == "10.0.0.5:6379"
    assert named["storage"].uri == str(storage.absolute())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--search", "runs/mime"], "there is no folder runs/mime; nearest: runs/mine"),
        (["--search", "runs/mine"], "has no best.yaml yet: let the search end first"),
        (
            ["--search", "runs/mine", "--seeds", "0"],
            "must be a whole number from 1 to 999999999; got '0'",
        ),
        (["--search", "runs/left"], "runs/left holds no search"),
        (["--search", "runs/mine/space.yaml"], "is a file: give the folder, or --config"),
        (["--search", "runs/mine/spice.yaml"], "there is no folder runs/mine/spice.yaml\n"),
        (
            ["--search", "runs/mime", "--storage", "shared"],
            "there is no folder runs/mime, and the storage {here}/shared has no such run; near",
        ),
        ([], "one of the arguments --run/--search --config is required"),
        (
            ["--config", "runs/mine/space.yaml", "--storage", "shared"],
            "--storage shared goes with --run alone",
        ),
        (["--search", "runs/mine", "--top", "1"], "1 leaves nothing to choose: give 2 or more"),
        (
            ["--search", "runs/mine", "--top", "few"],
            "must be a whole number from 1 to 999999999; got 'few'",
        ),
        *(
            (
                ["--search", "runs/mine", "--top", "5", "--until", until],
                "must be a probability above 0.5 and below 1, such as 0.95; got ",
            )
            for until in ("0.5", "1", "95", "nan", "sure")
        ),
        (
            ["--search", "runs/mine", "--until", "0.9"],
            "--until 0.9 is of a choice among several: say of how many, with --top 5",
        ),
        (
            ["--search", "runs/mine", "--max-trainings", "20"],
            "--max-trainings 20 is of a choice among several",
        ),
        (
            ["--config", "runs/mine/space.yaml", "--top", "3"],
            "--top 3 goes with --run alone: --config is one configuration",
        ),
    ],
)
def test_a_wrong_retrain_would_start_something(
    api: FakeApi, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    recorded_run("mine")
    Path("shared").mkdir()
    Path("runs/left").mkdir()
    Path("runs/left/driver.lock").touch()
    assert retrain.main(options) == 2
    assert message.format(here=Path.cwd()) in capsys.readouterr().err
    assert api.calls == []


def test_a_choice_would_not_be_asked_for_as_it_was_typed(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded_run("mine")
    space = load_space(folder / "space.yaml")
    dump_space(best_space(space, {"patch_n": 4}, {"best_auroc": 0.9}), folder / "best.yaml")
    choice = ["--until", "0.9", "--max-trainings", "20"]
    assert retrain.main(["--search", "runs/mine", "--top", "3", *choice]) == 0
    assert retrain.main(["--search", "runs/mine", "--top", "4"]) == 0
    asked = [named["among"] for _, named in api.calls]
    assert asked == [Asked(top=3, until=0.9, most=20), Asked(top=4, until=0.95, most=None)]
    each = ["--set", "data.normal=each", "--top", "3"]
    assert retrain.main(["--search", "runs/mine", *each]) == 2
    assert "--top 3 chooses on one task, and data.normal is each" in capsys.readouterr().err
    assert len(api.calls) == 2


def test_a_run_that_is_not_retrained_would_only_name_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m tuner\.retrain --run runs/<name>"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"there is no folder {tmp_path}/gone"):
        load(tmp_path / "gone")
