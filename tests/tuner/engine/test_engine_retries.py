"""What an attempt that does not come to its end costs its trial, and when a trial is given up."""

from pathlib import Path

from tests.tuner.fake_trials import trial
from tests.tuner.simulated import Simulation, small_space
from tuner.engine.attempt import Report
from tuner.engine.engine import NoAttempt
from tuner.engine.retries import OUTAGES, hopeless
from tuner.replay.comparison import replay
from tuner.seeds import trial_seed


def test_a_lost_worker_would_cost_the_trial_its_number_or_epochs(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    simulation.fill()
    simulation.step()
    simulation.step()
    simulation.let_go("attempt-1")
    simulation.fill()
    (attempt,) = simulation.running.values()
    assert (attempt.number, attempt.attempt, attempt.recorded_epochs) == (0, 2, 2)
    assert attempt.seed == trial_seed(simulation.space.sampler.seed, 0)


def test_a_worker_lost_again_and_again_would_be_retried_forever(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for _ in range(4):
        simulation.fill()
        simulation.let_go(next(iter(simulation.running)))
    trial = simulation.engine.trials[0]
    assert (trial.state, trial.reason) == ("failed", "error: worker lost 4 times in a row")


def test_resumes_would_count_as_lost_workers(tmp_path: Path) -> None:
    for _ in range(6):
        stopped = Simulation(small_space(), tmp_path)
        stopped.fill()
        stopped.engine.close()
    again = Simulation(small_space(), tmp_path)
    again.fill()
    again.engine.attempt_over(next(iter(again.running)), cause="out of memory")
    assert again.engine.trials[0].state == "running"


def test_workers_that_cannot_start_would_be_tried_for_every_trial(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for _ in range(12):
        simulation.fill()
        attempt_id = next(iter(simulation.running))
        del simulation.running[attempt_id]
        simulation.engine.attempt_over(attempt_id, cause="ImportError: no torch")
    assert simulation.engine.next_attempt("next") is NoAttempt.FINISHED
    assert "ImportError: no torch" in (simulation.engine.failure or "")


def test_a_mistake_that_breaks_every_trial_would_cost_all_of_them(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for _ in range(6):
        simulation.fill()
        (attempt_id,) = simulation.running
        simulation.engine.report(attempt_id, Report(outcome="error", reason="no such file"))
        simulation.let_go(attempt_id)
    assert simulation.engine.next_attempt("next") is NoAttempt.FINISHED
    assert simulation.engine.failure == "the first 3 trials failed: error: no such file"


def test_a_search_that_has_a_result_would_be_given_up() -> None:
    failed = [trial(number, state="failed", reason="error: x") for number in range(1, 12)]
    assert hopeless([trial(0, 0.9), *failed], 50) == ""
    assert hopeless(failed, 50) == "the first 11 trials failed: error: x"


def test_a_search_in_which_nothing_came_through_an_epoch_would_pass_for_one(
    tmp_path: Path,
) -> None:
    for trials, ended in ((2, 2), (50, 10)):
        simulation = Simulation(small_space(trials=trials), tmp_path / str(trials))
        for _ in range(ended):
            assert simulation.engine.failure is None
            simulation.fill()
            (attempt_id,) = simulation.running
            simulation.engine.report(attempt_id, Report(outcome="diverged", reason="no"))
            simulation.let_go(attempt_id)
        assert simulation.engine.next_attempt("next") is NoAttempt.FINISHED
        text = f"none of the first {ended} trials came through an epoch; the last no"
        assert simulation.engine.failure == text


def test_an_error_of_the_training_would_end_the_trial_at_once_or_never(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for epochs in (2, 0):  # an epoch in between makes it a new row of errors
        simulation.fill()
        for _ in range(epochs):
            simulation.step()
        (attempt_id,) = simulation.running
        assert simulation.engine.report(attempt_id, error()).action == "stop"
        trial = simulation.engine.trials[0]
        simulation.let_go(attempt_id)
    assert (trial.state, trial.reason, trial.epochs) == ("failed", "error: CUDA gave up", 2)


def test_errors_and_lost_workers_would_eat_each_others_retries(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)
    for nth in range(4):
        simulation.fill()
        (attempt_id,) = simulation.running
        if nth == 1:
            simulation.engine.report(attempt_id, error())
        simulation.let_go(attempt_id)
    trial = simulation.engine.trials[0]
    assert (trial.state, trial.in_a_row("lost"), trial.in_a_row("error")) == ("running", 3, 1)


def test_an_outage_of_the_storage_would_use_up_the_retries_of_lost_workers(tmp_path: Path) -> None:
    simulation = Simulation(small_space(), tmp_path)

    def out_of_reach() -> None:
        simulation.fill()
        (attempt_id,) = simulation.running
        del simulation.running[attempt_id]
        simulation.engine.attempt_over(attempt_id, "no bucket", out_of_reach=True)

    for _ in range(OUTAGES - 1):
        out_of_reach()
    simulation.engine.close()
    simulation.engine = simulation.open()  # and a resume counts on
    trial = simulation.engine.trials[0]
    assert (trial.state, trial.in_a_row("out of reach")) == ("running", OUTAGES - 1)
    simulation.fill()
    simulation.step()
    (attempt_id,) = simulation.running
    simulation.let_go(attempt_id)
    for _ in range(OUTAGES):
        assert simulation.engine.trials[0].state == "running"
        out_of_reach()
    trial = simulation.engine.trials[0]
    reason = f"error: out of reach {OUTAGES} times in a row: no bucket"
    assert (trial.state, trial.reason) == ("failed", reason)
    simulation.run().close()
    assert replay(tmp_path / "events.jsonl").difference is None


def error() -> Report:
    return Report(outcome="error", reason="CUDA gave up")
