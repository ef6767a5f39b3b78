"""Openings of the test split are counted across searches, crashes and configurations."""

import hashlib
import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from tests.tuner.retrain.conftest import make_run, make_search, plan_of
from tuner.errors import TunerError
from tuner.figures.metrics import write_metrics
from tuner.retrain import final_test, ledger
from tuner.retrain.ledger import Openings, check_record, open_test
from tuner.retrain.plan import Plan, fresh_seeds


def test_another_configuration_or_class_would_be_counted_as_the_same(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        make_search(tmp_path / "runs" / name)
    plan = plan_of(tmp_path / "runs" / "one")
    assert open_test(plan) == Openings(of_configuration=1, of_task=1)
    wider = plan_of(tmp_path / "runs" / "two", fixed={"width": 4})
    assert open_test(wider) == Openings(of_configuration=1, of_task=2)
    fives = plan_of(tmp_path / "runs" / "two", data={"dataset": "digits", "normal": [5]})
    assert open_test(fives) == Openings(of_configuration=1, of_task=1)
    by_index = plan_of(tmp_path / "runs" / "three", data={"dataset": "digits", "normal": [3]})
    assert open_test(by_index) == Openings(of_configuration=2, of_task=3)


def test_the_same_pictures_elsewhere_would_be_counted_as_never_opened(tmp_path: Path) -> None:
    def plan_for(folder: str) -> Plan:
        data = {"dataset": "folder", "folder": str(tmp_path / folder), "anomalies_per_normal": 0}
        return plan_of(make_search(tmp_path / "runs" / folder), detector="pca", data=data, fixed={})

    assert open_test(plan_for("here"), "digest") == Openings(of_configuration=1, of_task=1)
    assert open_test(plan_for("copied"), "digest") == Openings(of_configuration=2, of_task=2)
    assert open_test(plan_for("others"), "another") == Openings(of_configuration=1, of_task=1)
    assert open_test(plan_for("here"), "changed") == Openings(of_configuration=2, of_task=2)
    assert open_test(plan_for("here")) == Openings(of_configuration=3, of_task=3)


def test_each_detector_would_be_told_that_it_is_the_first(tmp_path: Path) -> None:
    open_test(plan_of(make_search(tmp_path / "runs" / "gan")))
    data = {"dataset": "digits", "normal": [3], "anomalies_per_normal": 0}
    pca = plan_of(make_search(tmp_path / "runs" / "pca"), detector="pca", data=data, fixed={})
    assert open_test(pca) == Openings(of_configuration=1, of_task=2)


def test_a_line_torn_by_a_crash_would_swallow_the_next(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    open_test(plan)
    with plan.run_folder.test_openings.open("a") as file:
        file.write('{"detector": "two-')
    assert open_test(plan).of_configuration == 2
    assert open_test(plan).of_configuration == 3
    lines = plan.run_folder.test_openings.read_text().splitlines()
    assert [json.loads(line)["search"] for line in lines] == ["run"] * 3


def test_a_line_whose_end_an_editor_took_would_be_counted_no_more(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    open_test(plan)
    path = plan.run_folder.test_openings
    path.write_text(path.read_text().rstrip("\n"))
    assert open_test(plan).of_configuration == 2
    assert open_test(plan).of_configuration == 3


@pytest.mark.parametrize("damage", [b"\xff\xfe\n", b"{}]\n", b"[]\n", b"\x00\x00\n", b"\n"])
def test_a_damaged_line_would_cost_the_training_or_count_one_opening_less(
    tmp_path: Path, damage: bytes
) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    open_test(plan)
    path = plan.run_folder.test_openings
    path.write_bytes(path.read_bytes() + damage + path.read_bytes())
    for asked in (check_record, open_test):
        with pytest.raises(TunerError, match=r"openings\.jsonl is damaged at line 2"):
            asked(plan)


def test_a_ledger_that_is_a_link_would_be_written_elsewhere(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    (tmp_path / "diary").write_text("dear diary")
    plan.run_folder.test_openings.symlink_to(tmp_path / "diary")
    with pytest.raises(TunerError, match="is a link to"):
        check_record(plan)
    assert (tmp_path / "diary").read_text() == "dear diary"


def test_the_split_would_be_open_before_that_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    path, forced = plan.run_folder.test_openings, list[bytes]()
    monkeypatch.setattr(os, "fsync", lambda _handle: forced.append(path.read_bytes()))
    open_test(plan)
    assert forced == [path.read_bytes()]
    assert forced[0].count(b"\n") == 1


def test_other_seeds_epochs_or_baselines_would_begin_the_count_anew(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    assert open_test(plan).of_configuration == 1
    alone = replace(plan, contenders=plan.contenders[:1])
    for number, changed in enumerate((replace(plan, seeds=(1, 2)), replace(plan, epochs=7), alone)):
        assert open_test(changed).of_configuration == number + 2
    assert open_test(plan) == Openings(of_configuration=5, of_task=5)


def test_what_an_earlier_version_wrote_down_would_be_counted_no_more(tmp_path: Path) -> None:
    """Its digest had epochs and seeds in it; the line of another configuration stays another's."""
    plan = plan_of(make_search(tmp_path / "run"))
    wider = plan_of(tmp_path / "run", fixed={"width": 4})
    for of, epochs, seeds in ((plan, 7, 5), (plan, 2, 1), (wider, 2, 2)):
        _write_as_before(of, epochs, fresh_seeds(plan.search_seed, "retrain", seeds))
    assert open_test(plan) == Openings(of_configuration=3, of_task=4)
    assert open_test(wider) == Openings(of_configuration=2, of_task=5)


def _write_as_before(plan: Plan, epochs: int, seeds: tuple[int, ...]) -> None:
    hashed = {
        "hyperparameters": dict(plan.best.hyperparameters),
        "epochs": epochs,
        "seeds": seeds,
    }
    line = {
        "time": "2026-01-02T03:04:05+00:00",
        "search": "run",
        "detector": plan.best.detector,
        "dataset": "digits",
        "normal": list(plan.data.normal_classes),
        "configuration": hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest(),
    }
    with plan.run_folder.test_openings.open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_two_retrains_at_once_would_both_be_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits between the first's look and its line."""
    plan = plan_of(make_search(tmp_path / "run"))
    looked, opened = threading.Event(), list[int]()
    read = ledger._read

    def slowly(file: IO[bytes], path: Path) -> list[dict[str, Any]]:
        found = read(file, path)
        looked.set()
        time.sleep(0.2)
        return found

    monkeypatch.setattr(ledger, "_read", slowly)
    first = threading.Thread(target=lambda: opened.append(open_test(plan).of_configuration))
    first.start()
    looked.wait()
    opened.append(open_test(plan).of_configuration)
    first.join()
    assert sorted(opened) == [1, 2]


def test_a_lost_ledger_would_make_the_next_opening_the_first(tmp_path: Path) -> None:
    """The report that lies there is of an opening."""
    plan = plan_of(make_search(tmp_path / "run"))
    open_test(plan)
    plan.run_folder.test_openings.unlink()
    plan.run_folder.report.mkdir()
    plan.run_folder.metrics.write_text("{}")
    assert open_test(plan) == Openings(of_configuration=2, of_task=2)


def test_a_copied_run_would_forget_what_its_own_report_counts(tmp_path: Path) -> None:
    """`cp -r runs/run lone/`: the record of openings stays behind; a neighbour is told too."""
    plan = plan_of(make_search(tmp_path / "lone" / "run"))
    _report(plan, of_configuration=2, of_task=5)
    wider = plan_of(tmp_path / "lone" / "run", fixed={"width": 4})
    assert open_test(wider) == Openings(of_configuration=1, of_task=6)
    assert open_test(plan) == Openings(of_configuration=3, of_task=7)
    neighbour = plan_of(make_search(tmp_path / "lone" / "other"))
    assert open_test(neighbour) == Openings(of_configuration=4, of_task=8)


def test_a_class_would_be_without_the_record_of_its_search(tmp_path: Path) -> None:
    found = {"result": {"trial": 3, "value": 0.9}}
    search = make_search(tmp_path / "run", **found)
    of_class = make_run(search / "classes" / "3", **found)
    assert plan_of(of_class, **found).unrecorded == ""
    alone = make_run(tmp_path / "alone", **found)
    assert plan_of(alone, **found).unrecorded == "a search, trial 3 of it"
    assert plan_of(alone).unrecorded == "", "a person wrote it"


def test_a_report_on_other_images_would_be_counted(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    _report(plan, of_configuration=2, of_task=5)
    fives = plan_of(tmp_path / "run", data={"dataset": "digits", "normal": [5]})
    assert open_test(fives) == Openings(of_configuration=1, of_task=1)


def _report(plan: Plan, **openings: int) -> None:
    plan.run_folder.report.mkdir()
    told = {"configuration": plan.configuration(), "openings": openings}
    write_metrics(told, plan.run_folder.metrics)


def test_an_opening_would_be_called_the_only_one() -> None:
    """No record can promise that; and what another configuration saw is said."""
    said: list[str] = []
    for openings in (
        Openings(of_configuration=1, of_task=1),
        Openings(of_configuration=1, of_task=2),
    ):
        final_test._announce(openings, said.append)
    final_test._announce(Openings(of_configuration=2, of_task=2), said.append)
    assert "only" not in " ".join(said)
    assert "for the first time on record" in said[0]
    assert "It is opening 2 of these images, by whatever detector" in said[1]
    assert "opening 2 of the test split for this configuration" in said[2]


def test_training_would_start_where_the_opening_cannot_be_counted(tmp_path: Path) -> None:
    plan = plan_of(make_search(tmp_path / "run"))
    plan.run_folder.test_openings.mkdir()
    with pytest.raises(TunerError, match=r"test-openings\.jsonl is a folder"):
        check_record(plan)
