"""Stages in turn, on a toy that has everything that a stage can say, alone and in lanes."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.lanes import group as lane_group
from models.lanes.lane import EpochResult
from models.lanes.plan import StagePlan
from models.lanes.scoring import score_lanes
from models.lanes.stack import NetworkStack
from models.lanes.state import LaneState, Patience
from models.stages import Shares
from models.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
UNEQUAL: tuple[dict[str, Any], ...] = ({}, {"learning_rate": 3e-3, "decay": 0.5}, {"decay": 0.0})


@pytest.fixture
def make(make_trainer: MakeTrainer, staged: str) -> MakeTrainer:
    """A trainer of the toy over three epochs: one of pretraining, two of training."""

    def made(*lanes: dict[str, Any], **options: Any) -> Trainer:
        return make_trainer(*lanes, detector=staged, **{"epochs": 3, **options})

    return made


def _weights(trainer: Trainer, lane: int = 0) -> Tensors:
    weights: Tensors = trainer.state(lane)["weights"]
    return weights


def _moved(before: Tensors, after: Tensors) -> set[str]:
    """The networks of which any number has changed."""
    return {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}


def _curve(result: EpochResult) -> tuple[Any, ...]:
    return result.epoch, result.stage, result.losses, result.metrics


def _flat(state: Any, name: str = "") -> dict[str, Any]:
    """Everything in a lane's state by its path."""
    if not isinstance(state, dict):
        return {name: state}
    return {k: v for key, each in state.items() for k, v in _flat(each, f"{name}/{key}").items()}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    left, right = _flat(one), _flat(other)
    return left.keys() == right.keys() and all(
        torch.equal(value, right[name]) if isinstance(value, Tensor) else value == right[name]
        for name, value in left.items()
    )


def _through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


def test_an_epoch_would_train_networks_of_another_stage(make: MakeTrainer) -> None:
    trainer = make()
    moved, stages, terms = [], [], []
    for _ in range(4):  # one more than there were to be: the last stage goes on
        before = _weights(trainer)
        result = trainer.epoch()[0]
        moved.append(_moved(before, _weights(trainer)))
        stages.append(result.stage)
        terms.append(set(result.losses))
    assert moved == [{"first"}, *[{"second", "judge"}] * 3]
    assert stages == ["pretraining", *["training"] * 3]
    assert terms == [{"denoised"}, *[{"judged", "made", "deceived"}] * 3]


def test_a_stage_would_be_scored_as_another_one(make: MakeTrainer, digits: TrainingData) -> None:
    trainer = make()
    pretrained = trainer.epoch()[0]
    assert {name for name in pretrained.metrics if "/" in name} == {"auroc/error"}
    trained = trainer.epoch()[0]
    assert {"auroc/error", "auroc/level", "auroc/mixture"} <= set(trained.metrics)


def test_weights_that_are_not_finite_would_pass_where_the_losses_are(make: MakeTrainer) -> None:
    """The judge has no part in the first stage: what is wrong with it, no loss or score tells."""
    trainer = make({}, {})
    state = trainer.state(1)
    state["weights"]["judge.1.bias"][0] = torch.inf
    trainer.load_state(1, state)
    well, sick = trainer.epoch().values()
    assert (well.diverged, sick.diverged) == (False, True)
    assert sick.why == "diverged: its weights are not finite"
    assert sick.losses.keys() == {"denoised"} and not sick.metrics


def test_epochs_that_are_not_said_would_be_too_few(make: MakeTrainer) -> None:
    trainer = make(epochs=None)
    assert [trainer.epoch()[0].stage for _ in range(2)] == ["pretraining", "training"]
    with pytest.raises(ValueError, match=r"staged: 2 stages need 2 epochs or more .*; got 1"):
        make(epochs=1)


def test_a_stage_would_not_begin_where_it_says(make: MakeTrainer) -> None:
    """With a rate of a millionth weights go less than a ten-thousandth from where they began."""
    trainer = make({"learning_rate": 1e-6})
    trainer.epoch()
    before = _weights(trainer)
    assert not torch.allclose(before["second.down.weight"], before["first.down.weight"], atol=1e-3)
    trainer.epoch()
    after = _weights(trainer)
    for name in ("down.weight", "up.weight", "up.bias"):
        assert torch.allclose(after[f"second.{name}"], after[f"first.{name}"], atol=1e-4), name
        average = trainer.weights(0)[f"second.{name}"]
        assert torch.allclose(average, after[f"first.{name}"], atol=1e-4), name
    trainer.epoch()
    going_on = _weights(trainer)
    # It begins once: the statistics have gone on where a copy would have put them back.
    assert int(going_on["second.norm.num_batches_tracked"]) == 21
    assert int(going_on["first.norm.num_batches_tracked"]) == 7


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"second.down.weight": torch.zeros(3)},
            r"begins with second.down.weight of shape \[3\], it has \[4, 256\]",
        ),
        ({"third.weight": torch.zeros(1)}, "begins with third.weight, which no network has"),
        ({"second.down.mean": torch.zeros(1)}, "begins with second.down.mean, which no network"),
    ],
)
def test_a_stage_that_begins_with_what_is_not_there_would_fail_other_lanes(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch, given: Tensors, message: str
) -> None:
    well = make(*UNEQUAL)
    expected = [well.epoch(), well.epoch()]
    toy, calls = detectors.load("staged"), []
    begin = toy.begin  # type: ignore[attr-defined]

    def begun(self: Detector, model: Model, normals: FitView) -> Tensors:
        calls.append(1)
        good: Tensors = begin(self, model, normals)
        return {**good, **given} if len(calls) == 2 else good

    monkeypatch.setattr(toy, "begin", begun)
    trainer = make(*UNEQUAL)
    trainer.epoch()
    results = trainer.epoch()
    with pytest.raises(ValueError, match=message):
        raise results[1].error or AssertionError("no error")
    for lane in (0, 2):
        assert _curve(results[lane]) == _curve(expected[1][lane])
        assert _same(trainer.state(lane), well.state(lane))
    assert len(calls) == 3


def test_a_stage_would_begin_with_half_of_what_it_says(make: MakeTrainer) -> None:
    state = make().whole().state
    before = state.lane(0)
    zeros = torch.zeros_like(before["weights"]["judge.1.bias"])
    with pytest.raises(ValueError, match="which no network has"):
        state.write(0, {"judge.1.bias": zeros, "nothing": zeros})
    assert _same(state.lane(0), before)
    state.write(0, {"judge.1.bias": zeros})
    assert not state.lane(0)["weights"]["judge.1.bias"].any()


def test_a_lane_in_a_later_stage_would_disturb_one_in_an_earlier(make: MakeTrainer) -> None:
    """Bit for bit: lanes that are ahead take no part in the epochs of those that are behind."""
    straight, staggered = make(*UNEQUAL), make(*UNEQUAL)
    expected = [straight.epoch() for _ in range(3)]
    found: list[dict[int, EpochResult]] = [{}, {}, {}]

    def epoch(*active: int) -> None:
        for lane, result in staggered.epoch(active).items():
            found[result.epoch - 1][lane] = result

    epoch(0)
    epoch(0, 1)
    epoch(0, 1, 2)
    epoch(1, 2)
    epoch(2)
    for number in range(3):
        for lane in range(3):
            assert _curve(found[number][lane]) == _curve(expected[number][lane]), (number, lane)
    for lane in range(3):
        assert _same(staggered.state(lane), straight.state(lane))
        assert _same(staggered.weights(lane), straight.weights(lane))


def test_packed_lanes_in_unequal_stages_would_not_equal_training_alone(make: MakeTrainer) -> None:
    packed = make(*UNEQUAL)
    packed.epoch([0])
    for _ in range(3):
        results = packed.epoch()
    for lane, values in enumerate(UNEQUAL):
        alone = make(values, first_seed=lane)
        for _ in range(4 if lane == 0 else 3):
            result = alone.epoch()[0]
        assert results[lane].stage == result.stage == "training"
        # Rounding grows by optimizers that divide by it: the sum over four epochs is 1 in 1,000.
        assert results[lane].losses == pytest.approx(result.losses, rel=1e-2)
        assert results[lane].metrics["auroc"] == pytest.approx(result.metrics["auroc"], abs=0.01)


def test_a_phase_would_take_a_step_with_other_batches(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of seven batches the maker sees the third, the sixth and the last."""
    toy, order = detectors.load("staged"), []

    def noted(name: str) -> Callable[..., Loss]:
        loss = getattr(toy, name)

        def of_batch(self: Detector, *seen: Any) -> Loss:
            order.append(name)
            made: Loss = loss(self, *seen)
            return made

        return of_batch

    for name in ("judging", "making"):
        monkeypatch.setattr(toy, name, noted(name))
    trainer = make({"every": 3})
    trainer.epoch(), trainer.epoch()
    thrice = ["judging"] * 3 + ["making"]
    assert order == [*thrice, *thrice, "judging", "making"]
    moments = trainer.state(0)["moments"]
    assert moments["judging/judge"]["steps"] == 7
    assert moments["making/second"]["steps"] == 3
    assert moments["first/first"]["steps"] == 7


def test_a_term_of_a_rare_phase_would_be_a_mean_over_all_steps(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy, seen = detectors.load("staged"), []
    making = toy.making  # type: ignore[attr-defined]

    def noted(self: Detector, model: Model, batch: Batch, shared: Tensors) -> Loss:
        loss: Loss = making(self, model, batch, shared)
        seen.append(loss.terms["made"].item())
        return loss

    monkeypatch.setattr(toy, "making", noted)
    trainer = make({"every": 3})
    trainer.epoch()
    result = trainer.epoch()[0]
    assert len(seen) == 3
    assert result.losses["made"] == pytest.approx(sum(seen) / 3)


def test_terms_of_one_name_would_be_added_up(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judging(self: Any, model: Model, batch: Batch, shared: Tensors) -> Loss:
        error = model("judge", batch.images).square().mean()
        return Loss(error, {"made": error})

    monkeypatch.setattr(detectors.load("staged"), "judging", judging)
    trainer = make()
    trainer.epoch()
    message = "phases judging and making both have a loss term made: terms need names of their own"
    with pytest.raises(ValueError, match=message):
        trainer.epoch()


def test_a_lane_without_patience_would_train_on_or_its_figures_change(make: MakeTrainer) -> None:
    patient, hasty = make({}, {}, {}, epochs=9), make({}, {"patience": 2}, {}, epochs=9)
    for trainer in (patient, hasty):
        for _ in range(4):
            trainer.epoch()
        state = trainer.state(1)
        trainer.load_state(1, {**state, "patience": {"best": -1.0, "waited": 0}})
    expected = [patient.epoch() for _ in range(4)]
    for number in range(2):  # in which it waits in vain
        assert _curve(hasty.epoch()[1]) == _curve(expected[number][1])
    before, last = hasty.state(1), expected[1][1]
    for number in range(2, 4):
        results = hasty.epoch()
        assert results[1].epoch == expected[number][1].epoch and not results[1].diverged
        assert (results[1].losses, results[1].metrics) == ({}, last.metrics)
        assert results[1].metrics != expected[number][1].metrics
        after = hasty.state(1)
        for part in ("weights", "moments", "averages"):
            assert _same(before[part], after[part])
        for lane in (0, 2):
            assert _curve(results[lane]) == _curve(expected[number][lane])
    for lane in (0, 2):
        assert _same(hasty.state(lane), patient.state(lane))


def test_a_lane_would_rest_before_its_patience_is_at_an_end() -> None:
    patience = Patience()
    waited = []
    for value in (3.0, 2.0, 2.5, 2.0, float("nan"), 1.0):
        patience = patience.seen(value)
        waited.append(patience.waited)
    assert waited == [0, 0, 1, 2, 3, 0]
    assert patience.best == 1.0


def test_a_resumed_lane_would_begin_to_wait_anew(make: MakeTrainer) -> None:
    trainer, resumed = make({"patience": 2}, epochs=9), make({"patience": 2}, epochs=9)
    for _ in range(4):
        trainer.epoch()
    state = {**trainer.state(0), "patience": {"best": -1.0, "waited": 1}}
    resumed.load_state(0, _through_a_file(state))
    assert resumed.epoch()[0].losses
    resumed.load_state(0, _through_a_file(resumed.state(0)))
    assert resumed.epoch()[0].losses == {}


def test_patience_would_watch_anomalies_too(make: MakeTrainer, digits: TrainingData) -> None:
    trainer = make({}, {"learning_rate": 3e-3})
    trainer.epoch()
    normals = digits.validation.images[~digits.validation.anomalous]
    for lane in range(2):
        error = trainer.fitted(lane).score_parts(normals)["error"].mean().item()
        assert trainer.state(lane)["patience"]["best"] == pytest.approx(error, rel=1e-5)


def test_an_epoch_that_fails_would_count_for_patience(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make({}, {})
    trainer.epoch()
    before = [trainer.state(lane) for lane in range(2)]

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lane_group, "judge_lanes", breaks)  # what patience watches is seen by then
        with pytest.raises(KeyboardInterrupt):
            trainer.epoch()
    assert all(_same(trainer.state(lane), before[lane]) for lane in range(2))


def test_a_stage_would_rest_for_want_of_patience_with_the_one_before(make: MakeTrainer) -> None:
    trainer = make({"patience": 1}, epochs=3)
    trainer.epoch()
    trainer.load_state(0, {**trainer.state(0), "patience": {"best": -1.0, "waited": 5}})
    assert trainer.epoch()[0].losses
    assert trainer.state(0)["patience"]["waited"] == 0


def test_scores_would_be_by_the_weights_and_not_by_their_average(
    make: MakeTrainer, digits: TrainingData
) -> None:
    trainer = make(*UNEQUAL)
    trainer.epoch()
    results = trainer.epoch()
    for lane, values in enumerate(UNEQUAL):
        kept, raw = trainer.weights(lane), _weights(trainer, lane)
        apart = {name for name in raw if not torch.equal(kept[name], raw[name])}
        averaged = {name for name in raw if name.startswith(("second", "judge"))}
        statistics = {name for name in raw if "running" in name or "num_batches" in name}
        assert apart == (set() if values.get("decay") == 0 else averaged - statistics)
        error = trainer.fitted(lane).score_parts(digits.validation.images)["error"]
        group = trainer.whole()
        parts = score_lanes(group._detector.score_parts, group.state, digits.validation.images)
        torch.testing.assert_close(parts["error"][lane].float(), error, rtol=1e-5, atol=1e-6)
        normal, other = error[~digits.validation.anomalous], error[digits.validation.anomalous]
        auroc = (other[:, None] > normal).double().mean().item()
        assert results[lane].metrics["auroc"] == pytest.approx(auroc, abs=1e-3)


@pytest.mark.parametrize("done", [1, 2])
def test_a_resumed_lane_would_go_on_otherwise(make: MakeTrainer, done: int) -> None:
    straight, resumed = make(*UNEQUAL, epochs=4), make(*UNEQUAL, epochs=4, first_seed=20)
    for _ in range(done):
        straight.epoch()
    for lane in range(3):
        resumed.load_state(lane, _through_a_file(straight.state(lane)))
        assert _same(resumed.state(lane), straight.state(lane))
    for _ in range(4 - done):
        ours, theirs = resumed.epoch(), straight.epoch()
        for lane in range(3):
            assert _curve(ours[lane]) == _curve(theirs[lane])
    for lane in range(3):
        assert _same(resumed.state(lane), straight.state(lane))
        assert _same(resumed.weights(lane), straight.weights(lane))


def test_a_part_of_the_lanes_would_lose_something_of_them(make: MakeTrainer) -> None:
    trainer = make(*UNEQUAL, epochs=9)
    for _ in range(5):
        trainer.epoch()
    trainer.epoch([2])
    state = trainer.whole().state
    state.patience[1] = Patience(best=0.1, waited=3)
    part = state.part([1, 2])
    for own, place in enumerate((1, 2)):
        assert _same(part.lane(own), state.lane(place))
        assert _same(part.detector_tensors(own), state.detector_tensors(place))
        for name, values in state.settings.items():
            assert part.settings[name][own] == values[place]


def test_a_lane_begun_anew_would_keep_what_its_stages_left(make: MakeTrainer) -> None:
    trainer, fresh = make({}, {}), make({}, {})
    for _ in range(3):
        trainer.epoch()
    trainer.replace(1, trainer.lanes[1])  # type: ignore[arg-type]
    assert _same(trainer.state(1), fresh.state(1))
    assert _same(trainer.weights(1), fresh.weights(1))
    assert [_curve(trainer.epoch([1])[1]) for _ in range(3)] == [
        _curve(fresh.epoch()[1]) for _ in range(3)
    ]


@pytest.mark.parametrize(("moments", "count"), [("both", 1), ("", 2)])
def test_phases_of_equal_moments_would_each_remember_their_own(moments: str, count: int) -> None:
    def loss(model: Model, batch: Batch, shared: Tensors) -> Loss:
        raise AssertionError("never trained")

    one = Phase(name="one", trains=("a",), loss=loss, optimizer=Adam(), moments=moments)
    stages = [Stage(name=name, phases=(replace(one, name=name),)) for name in ("one", "two")]
    stacks = {"a": NetworkStack([torch.nn.Linear(2, 2)], torch.device("cpu"))}
    state = LaneState(stages, stacks, {}, 1, torch.device("cpu"))
    assert len(state.optimizers) == len(state.lane(0)["moments"]) == count


def test_a_rate_would_fall_by_another_stages_epochs() -> None:
    shares: Shares = {"one": 1.0, "two": 1.0}
    stages = [Stage(name=name, phases=()) for name in shares]
    plan = StagePlan(stages=stages, shares=shares, epochs=8)
    assert [plan.share_done(0, done) for done in range(4)] == [0, 0.25, 0.5, 0.75]
    assert [plan.share_done(1, done) for done in range(4, 8)] == [0, 0.25, 0.5, 0.75]
    assert plan.share_done(1, 2) == 0 and 0.99 < plan.share_done(1, 20) < 1
    assert [done for done in range(20) if plan.begins(done)] == [0, 4]


def test_a_schedule_would_not_reach_the_steps(make: MakeTrainer) -> None:
    """Seven steps of the judge in each epoch of its stage, whose rate falls from the half on."""
    trainer = make({}, epochs=9)  # three of pretraining, six of training
    trainer.load_state(0, {**trainer.state(0), "epoch": 3})
    moves = []
    for _ in range(6):
        before = _weights(trainer)["judge.1.weight"]
        trainer.epoch()
        moves.append((_weights(trainer)["judge.1.weight"] - before).abs().mean().item())
        factor = trainer.whole().steps[1]._factors["judging"]
        done = len(moves) - 1
        assert factor.item() == pytest.approx(min(1, 2 - done / 3))
    assert moves[5] < moves[3]
