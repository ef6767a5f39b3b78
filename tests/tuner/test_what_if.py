"""What a search would have cost and found with other settings, held against searches that did."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.simulated import Simulation, row, small_space
from tests.tuner.test_simulation import FORMULA, Slow
from tests.tuner.test_warm_start import asked as trials_asked
from tests.tuner.test_warm_start import begun, earlier
from tuner.engine.attempt import Report
from tuner.errors import SpaceError, TunerError
from tuner.packing.pack import pack_name
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.trials import EpochRow, TrialView
from tuner.replay import __main__ as command
from tuner.replay.answers import answer_lines
from tuner.replay.what_if import Recorded, recorded, totals
from tuner.results.device_time import device_seconds
from tuner.simulation.open_curves import BEYOND, OpenCurves
from tuner.simulation.search import simulate
from tuner.space import Space

SLOW = Slow(best=FORMULA.best)
STOP = {"type": "stop", "grace_epochs": 1}
PROMOTE = {"type": "promote", "grace_epochs": 1}


def record_in(folder: Path, space: Space) -> Recorded:
    return recorded(read_journal(folder / "events.jsonl"), space)


def simulated(folder: Path, *, workers: int = 3, **changes: Any) -> Recorded:
    space = small_space(**changes)
    simulate(space, folder, SLOW, workers=workers)
    return record_in(folder, space)


def trained(trials: list[TrialView]) -> list[tuple[object, ...]]:
    return [
        (each.number, each.state, each.reason, each.hyperparameters, each.rows, each.decisions)
        for each in trials
    ]


def but_attempts(trials: Sequence[TrialView]) -> list[TrialView]:
    """A driver may have died after it had asked for a trial and before it began an attempt."""
    return [replace(trial, attempts=0) for trial in trials]


@pytest.mark.parametrize("kind", ["stop", "promote"])
def test_a_search_with_nothing_changed_would_go_otherwise(tmp_path: Path, kind: str) -> None:
    """Events in an order that no clock explains, drivers that are killed, workers that are lost."""
    space = small_space(trials=22, scheduler={"type": kind, "grace_epochs": 1})
    journal = tmp_path / "events.jsonl"
    for driver in range(3):
        Simulation(space, tmp_path, slots=3, order_seed=driver).run().close()
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[: 40 * (driver + 1)]))
        for file in tmp_path.glob("study.db*"):
            file.unlink()
    search = Simulation(space, tmp_path, slots=3, order_seed=9)
    for report in (Report(outcome="diverged"), Report(outcome="error", reason="no such file")):
        search.fill()
        attempt_id = next(iter(search.running))
        search.engine.report(attempt_id, report)
        search.let_go(attempt_id)
    search.fill()
    search.engine.hung(next(iter(search.running)), 70.0)
    for attempt_id in list(search.running)[:2]:
        search.let_go(attempt_id)
    search.run().close()
    record = record_in(tmp_path, space)
    for changes in ((), ("scheduler.reduction_factor=3",)):
        answer = record.ask(changes)
        assert answer.flat is answer.steep
        assert but_attempts(answer.flat.trials) == but_attempts(History(record.events).by_number)
        assert (answer.flat.device_s, answer.flat.epochs_beyond) == (record.totals.device_s, 0)


def test_a_trial_would_be_promoted_before_its_worker_has_let_go_of_it(tmp_path: Path) -> None:
    """By then another has made it the best of its rung, and a new trial has begun instead."""
    space = small_space(trials=6, scheduler={**PROMOTE, "reduction_factor": 2})
    search = Simulation(space, tmp_path, slots=4)
    search.fill()
    for number, value in ((2, 0.5), (3, 0.4)):
        report = Report(outcome="epoch", row=row({}, 1, lambda _values, _epoch, at=value: at))
        search.engine.report(f"attempt-{number + 1}", report)
    search.let_go("attempt-4")
    search.fill()
    search.let_go("attempt-3")
    search.run().close()
    record = record_in(tmp_path, space)
    assert record.ask(()).flat.trials == History(record.events).by_number


@pytest.mark.parametrize(
    ("workers", "scheduler"),
    [(1, STOP), (5, PROMOTE), (5, {**PROMOTE, "reduction_factor": 2})],
)
def test_an_answer_would_not_be_what_the_search_itself_comes_to(
    tmp_path: Path, workers: int, scheduler: dict[str, Any]
) -> None:
    """Of curves that are recorded to their end, with a sampler that does not look at them."""
    common = {"trials": 16, "sampler": {"name": "random"}}
    record = simulated(tmp_path / "a", workers=workers, scheduler={"name": "none"}, **common)
    other = simulated(tmp_path / "b", workers=workers, scheduler=scheduler, **common)
    changes = ["scheduler.name=asha", *(f"scheduler.{key}={scheduler[key]}" for key in scheduler)]
    answer = record.ask(changes).flat
    assert trained(list(answer.trials)) == trained(list(other.totals.trials))
    assert answer.device_s == other.totals.device_s < record.totals.device_s
    assert answer.epochs_beyond == answer.decisions_beyond == 0
    assert not any(answer.distances.values())


def test_more_workers_would_keep_to_the_recorded_times(tmp_path: Path) -> None:
    common = {"trials": 16, "sampler": {"name": "random"}}
    record = simulated(tmp_path / "a", workers=1, scheduler={"name": "none"}, **common)
    other = simulated(tmp_path / "b", workers=8, scheduler=STOP, **common)
    changes = ["scheduler.name=asha", "scheduler.type=stop", "scheduler.grace_epochs=1"]
    answer = record.ask([*changes, "resources.concurrent_trials=8"]).flat
    assert [each.rows for each in answer.trials] == [each.rows for each in other.totals.trials]


def test_a_stopped_curve_would_tell_of_epochs_that_nobody_trained(tmp_path: Path) -> None:
    record = simulated(tmp_path, trials=20, scheduler=STOP, sampler={"name": "tpe"})
    answer = record.ask(["scheduler=none"])
    stopped = [trial for trial in record.totals.trials if trial.state == "pruned"]
    missing = sum(9 - trial.epochs for trial in stopped)
    assert missing > 0
    last = [trial.rows[-1].metrics["best_auroc"] for trial in answer.steep.trials]
    assert max(last) > record.totals.best.value
    for each in (answer.flat, answer.steep):
        assert (each.epochs, each.epochs_beyond) == (20 * 9, missing)
        assert each.decisions_beyond == 0  # without rungs
        assert each.best.value == record.totals.best.value  # of what was trained
    strict = record.ask(["scheduler.reduction_factor=2"])
    assert strict.steep.decisions_beyond > 0
    assert strict.steep.epochs >= strict.flat.epochs
    text = " ".join(answer_lines(record, [answer]))
    assert f">= {record.totals.best.value:.4f}" in text
    assert "stay flat" in text


def test_another_objective_would_be_told_by_the_recorded_one(tmp_path: Path) -> None:
    """The last epoch's value may fall with more epochs, the best one's cannot."""
    record = simulated(tmp_path, trials=20, scheduler=STOP)
    answers = [record.ask(["scheduler=none"]), record.ask(["objective=auroc", "scheduler=none"])]
    head, _, _, same, other, *_ = answer_lines(record, answers)
    assert head.startswith("best_auroc on validation, but where a row names another")
    assert ">= 0." in same and same.startswith("scheduler=none")
    assert ">=" not in other and other.startswith("objective=auroc")


def test_more_workers_would_be_answered_as_if_the_sampler_saw_the_same(tmp_path: Path) -> None:
    record = simulated(
        tmp_path, trials=15, resources={"concurrent_trials": 3}, sampler={"name": "tpe"}
    )
    answer = record.ask(["resources.concurrent_trials=1"])
    text = " ".join(answer_lines(record, [answer]))
    assert "The configurations are the recorded ones: tpe, which learns" in text
    with pytest.raises(SpaceError, match="auto is what a machine has room for"):
        record.ask(["resources.concurrent_trials=auto"])


def test_more_workers_would_lose_what_earlier_runs_gave(tmp_path: Path) -> None:
    run = earlier(tmp_path / "earlier")
    begun(tmp_path / "new", [run], sampler={"name": "tpe"}).run().close()
    record = record_in(tmp_path / "new", small_space(trials=12, sampler={"name": "tpe"}))
    assert [each["trial"] for each in trials_asked(tmp_path / "new") if each["taken_from"]] == [2]
    answer = record.ask(["sampler=random", "resources.concurrent_trials=2"])
    assert answer.flat.trials[2].hyperparameters == record.totals.trials[2].hyperparameters
    assert answer.flat.trials[3].hyperparameters != record.totals.trials[3].hyperparameters


def curve(number: int, *values: float, stage: str = "", seconds: float = 2.0) -> TrialView:
    rows = tuple(
        EpochRow(
            epoch=nth,
            metrics={"auroc": value},
            losses={},
            seconds=seconds,
            worker="w",
            stage=stage,
        )
        for nth, value in enumerate(values, 1)
    )
    values_of = {"patch_n": number + 1, "abc_weight": 1.0, "generator_lr": 1e-4}
    return TrialView(number=number, state="pruned", hyperparameters=values_of, rows=rows)


def test_a_guess_would_not_be_flat_or_as_steep_as_any_on_record() -> None:
    short, long = curve(0, 0.5, 0.8, 0.7), curve(1, 0.3, 0.4, 0.4, 0.3, 0.55, seconds=4.0)
    late = curve(2, 0.2, 0.2, 0.2, 0.2, 0.1)
    trials, space = [short, long, late], small_space()
    asked = {}
    for guess in ("flat", "steep"):
        curves = OpenCurves(space, trials, guess)
        asked[guess] = [curves.epoch(short.hyperparameters, 1, epoch) for epoch in (3, 4, 5, 7)]
    assert asked["flat"][0] == short.rows[2]
    values = {guess: [row.metrics["auroc"] for row in rows] for guess, rows in asked.items()}
    assert values["flat"] == [0.7, 0.7, 0.7, 0.7]
    assert values["steep"] == pytest.approx([0.7, 0.8, 0.95, 0.95])  # long gained 0.15 by epoch 5
    assert [row.worker for row in asked["flat"]] == ["w", BEYOND, BEYOND, BEYOND]
    assert {row.seconds for row in asked["steep"]} == {2.0}


def test_a_guess_would_compare_values_of_two_stages() -> None:
    def staged(trial: TrialView) -> TrialView:
        rows = (replace(row, stage="a" if row.epoch < 3 else "b") for row in trial.rows)
        return replace(trial, rows=tuple(rows))

    short = staged(curve(0, 0.9, 0.9))
    others = [staged(curve(1, 0.1, 0.1, 0.3, 0.4)), staged(curve(2, 0.1, 0.1, 0.6, 0.5))]
    for guess, values in (("flat", [0.3, 0.4]), ("steep", [0.6, 0.6])):
        curves = OpenCurves(small_space(), [short, *others], guess)
        rows = [curves.epoch(short.hyperparameters, 1, epoch) for epoch in (3, 4)]
        assert [row.metrics["auroc"] for row in rows] == values
        assert [row.stage for row in rows] == ["b", "b"]


def test_another_sampler_would_be_taken_for_one_whose_trials_are_on_record(tmp_path: Path) -> None:
    record = simulated(tmp_path, trials=15, scheduler={"name": "none"})
    answer = record.ask(["sampler.seed=7"])
    away = [number for number, distance in answer.flat.distances.items() if distance]
    assert away == list(range(2, 15))  # the published sets are on record
    text = " ".join(answer_lines(record, [answer]))
    assert "13 configurations of 15 are not on record" in text
    assert "Without those beyond the median the best is 0." in text


def test_trials_that_the_record_lacks_would_not_be_asked_of_the_sampler(tmp_path: Path) -> None:
    record = simulated(tmp_path, trials=15, scheduler=STOP)
    answer = record.ask(["trials=18"]).flat
    assert list(answer.trials[:15]) == list(record.totals.trials)
    assert [number for number, distance in answer.distances.items() if distance] == [15, 16, 17]


def test_lanes_would_each_have_the_whole_device(tmp_path: Path) -> None:
    name = pack_name("w", 2)
    rows = [replace(row, worker=name) for row in curve(0, 0.5, 0.6).rows]
    rows = [replace(row, seconds=2.0 + row.epoch) for row in rows]
    trials = [replace(curve(number, 0.5), rows=tuple(rows)) for number in range(2)]
    whole = totals(trials, small_space(), trials, {})
    assert whole.device_s == sum(device_seconds(trials).values()) == 7.0
    assert totals(trials[:1], small_space(), trials, {}).device_s == 3.5


def test_what_no_curve_can_tell_would_be_answered(tmp_path: Path) -> None:
    record = simulated(tmp_path, trials=4)
    for change, said in (
        (
            "search.patch_n={int: [1, 3]}",
            "what can be asked: scheduler, sampler, trials, objective",
        ),
        ("epochs=4", "epochs: trials would have trained otherwise"),
        ("resources.cpus_per_trial=2", "resources: trials would have trained otherwise"),
        ("scheduler.typ=stop", "--what-if scheduler.typ=stop: scheduler.typ: unknown key 'typ'"),
        ("scheduler=hyperband", "--what-if scheduler=hyperband: scheduler.name: "),
        ("scheduler", "--what-if scheduler: must be key=value"),
        ("scheduler.grace_epochs=99", "--what-if scheduler.grace_epochs=99: epochs: must be"),
        ("sampler=grid", "--what-if sampler=grid: search.abc_weight: a grid tries"),
    ):
        with pytest.raises(SpaceError) as error:
            record.ask([change])
        assert said in str(error.value)
        assert "space.yaml" not in str(error.value)  # a file that is gone by then
    with pytest.raises(TunerError, match="--what-if objective=best_npd: the record has no npd"):
        record.ask(["objective=best_npd"])


def test_the_command_would_answer_one_question_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulated(tmp_path, trials=12, scheduler=STOP)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    asked = ["--what-if", "scheduler=none", "--what-if", "trials=6", "scheduler.type=promote"]
    assert command.main(["--run", str(tmp_path), *asked]) == 0
    said = capsys.readouterr().out
    assert [line.split("  ")[0] for line in said.splitlines()[2:5]] == [
        "as recorded",
        "scheduler=none",
        "trials=6 scheduler.type=promote",
    ]
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert command.main(["--run", str(tmp_path), "--what-if", "width=3"]) == 2
    assert capsys.readouterr().err.startswith("--what-if width=3: width: ")
