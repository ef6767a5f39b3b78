"""What every detector must keep, as tests that take its name alone.

    class TestMine(DetectorContract):
        detector = "my-detector"

is all that pytest needs; each test's name says what would be broken. Tests of one detector share
what they train, so they are quickest one after the other in one process.

Everything is on a CPU in float32, on images and with networks of a few numbers.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from models import detectors
from models.data.images import TrainingData
from models.detectors.checks import check_stages
from models.detectors.model import Tensors
from models.detectors.stage import Phase, Stage
from models.evaluation.mixture import Mixture
from models.evaluation.validation import MIXTURE
from models.fitted import FittedDetector
from models.hyperparameters import Hyperparameter, Value, numbers
from models.lanes.draws import EpochDraws
from models.lanes.group import LaneGroup
from models.lanes.lane import EpochResult
from models.pixels import scaled
from models.stages import stage_starts
from models.testing import trainings
from models.testing.planted import planted_data
from models.testing.trainings import CHANNELS, SIZES, Trained, resolved

TELLS_NOTHING = frozenset({"random"})
"""What is no better than chance on purpose."""
ONLY_LATER = frozenset({"patience"})
"""Hyperparameters that change nothing in a few epochs: patience counts those without gain."""
DIVERGES = "diverge"
"""A hyperparameter with this word in its meaning or its source may diverge at its ends."""
_TELLS, _IN_A_ROW, _SEEDS = 0.9, 3, 3


class DetectorContract:
    """The tests of one detector; `detector` is its name."""

    detector: ClassVar[str]

    def test_its_settings_would_need_torch(self) -> None:
        """A space file is checked before torch is imported, which takes seconds."""
        module = f"models.detectors.{self.detector.replace('-', '_')}.hyperparameters"
        code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode() or f"{module} imports torch"

    def test_a_setting_would_not_say_what_it_is_or_where_it_comes_from(self) -> None:
        """People read it in docs/hyperparameters.md."""
        every = detectors.hyperparameters(self.detector)
        silent = [each.name for each in every if not (each.meaning.strip() and each.source.strip())]
        assert not silent, f"without meaning or source: {silent}"
        names = [each.name for each in every]
        assert len(set(names)) == len(names), f"two settings have one name: {names}"
        assert detectors.paper(self.detector).strip(), "PAPER is empty"

    def test_a_published_set_would_not_be_allowed(self) -> None:
        """A search tries the published sets first, as published."""
        for name, values in detectors.published(self.detector).items():
            kept = detectors.resolve(self.detector, values)
            assert values.items() <= kept.items(), f"{name} is changed as it is resolved"

    def test_stages_would_not_be_those_that_are_declared(self) -> None:
        """Or name networks and hyperparameters that there are not; in every structure."""
        shape = trainings.small_data(self.detector).preprocessing
        for values in ({}, *self._other_words()):
            own = resolved(self.detector, values)
            made = detectors.make(self.detector, own, shape.channels, shape.size)
            shares, networks = detectors.stages(self.detector), made.networks()
            check_stages(self.detector, made.stages(), shares, networks, numbers(own))

    def test_a_score_would_be_of_parts_that_there_are_not(self) -> None:
        """Each word of `score` is a part, a declared sum of parts, or the mixture."""
        parts, scores = set(self._trained().parts()), detectors.scores(self.detector)
        for name, candidates in scores.items():
            used = {part for weights in candidates for part in weights}
            assert used <= parts, f"{name} is of {sorted(used - parts)}, there are {sorted(parts)}"
        words = {*self._score_words()}
        nothing = words - {*parts, *scores, *([MIXTURE] if len(parts) > 1 else [])}
        assert not nothing, f"score may be {sorted(nothing)}, which there is not"
        hidden = set(scores) - words
        assert not hidden, f"SCORES has {sorted(hidden)}, which `score` cannot be set to"

    def test_patience_would_wait_for_a_part_that_there_is_not(self) -> None:
        """Training would rest after the first epochs, or never."""
        shape = trainings.small_data(self.detector).preprocessing
        own = resolved(self.detector, {})
        watched = detectors.make(self.detector, own, shape.channels, shape.size).watched
        assert not watched or watched in self._trained().parts(), f"no part is called {watched}"

    def test_a_score_would_not_be_the_one_that_was_asked_for(self) -> None:
        """By the mixture that scores images outside validation."""
        parts, scores = set(self._trained().parts()), detectors.scores(self.detector)
        for some in self._packs([{"score": word} for word in self._score_words()]):
            trainer = trainings.make_trainer(self.detector, *some)
            for _ in range(2 * self._stage_count()):
                trainer.epoch()
            for lane, values in enumerate(some):
                word, mixture = str(values["score"]), trainer.fitted(lane).mixture
                of = f"score {word} is {mixture}"
                if word in parts:
                    assert mixture == Mixture.single(word), of
                elif word in scores:
                    assert mixture.weights in scores[word], of
                else:
                    assert set(mixture.weights) == parts, of

    def test_another_seed_would_begin_with_the_same_weights(self) -> None:
        """The seeds of a retraining would say nothing of how far it varies."""
        first, again, other = (
            trainings.initial_networks(self.detector, seed) for seed in (0, 0, 1)
        )
        for name, network in first.items():
            tensors = network.state_dict()
            repeated, apart = again[name].state_dict(), other[name].state_dict()
            assert trainings.same(tensors, repeated), f"{name} differs with the same seed"
            drawn = any(parameter.dim() > 1 for parameter in network.parameters())
            equal = trainings.same(tensors, apart)
            assert not (drawn and equal), f"{name} begins with the same weights with any seed"

    def test_a_parameter_would_never_move_or_one_of_another_phase_would(self) -> None:
        """In each phase of each stage: all of the networks that it trains, and nothing else.

        Batch statistics move in every step with all networks that the stage trains.
        """
        group = trainings.make_trainer(self.detector).whole()
        parameters = {
            f"{network}.{name}"
            for network, stack in group.state.stacks.items()
            for name in stack.views()
        }
        for number, stage in enumerate(group.state.stages):
            _begin(group, stage)
            followed = {network for phase in stage.phases for network in phase.trains}
            for phase in stage.phases:
                before, after = _steps_of(group, number, phase)
                own = {name for name in parameters if name.split(".")[0] in phase.trains}
                free = {name for name in before if name.split(".")[0] in followed} - parameters
                moved = {name for name, was in before.items() if not torch.equal(was, after[name])}
                of = f"phase {phase.name} of stage {stage.name}"
                assert own <= moved, f"no step of {of} changes {sorted(own - moved)}"
                assert moved <= own | free, f"{of} changes {sorted(moved - own - free)}"

    def test_a_number_would_change_nothing(self) -> None:
        """Neither weights nor losses nor score parts, at both ends of its range.

        One that has its say beside another word of a structural choice alone, is tried with that.
        """
        ranges = trainings.ranges(self.detector)
        for place, each in enumerate(trainings.lane_numbers(self.detector)):
            default, ends = ranges.default[place], (ranges.low[place], ranges.high[place])
            if each.name in ONLY_LATER or not all(default.same(end) for end in ends):
                continue
            assert any(self._changes(each, word) for word in self._other_words()), (
                f"{each.name} changes nothing"
            )

    def test_the_end_of_a_range_would_raise_or_not_be_finite(self) -> None:
        """A search goes to the ends. What diverges there says so in its meaning or source."""
        ranges = trainings.ranges(self.detector)
        for place, each in enumerate(trainings.lane_numbers(self.detector)):
            _check_finite(ranges.low[place].results, each, each.low)
            _check_finite(ranges.high[place].results, each, each.high)

    def test_a_structure_would_change_nothing_or_not_train(self) -> None:
        """Each word of each choice makes a training of its own, and so does another number."""
        for each in self._structural():
            found = {self._default(each): self._trained().outcome}
            for value in self._others(each):
                (found[value],) = trainings.outcomes(self.detector, [{each.name: value}])
                _check_finite(found[value].results, each, value)
            for (one, first), (other, second) in combinations(found.items(), 2):
                assert not first.same(second), f"{each.name}: {one} and {other} train alike"

    def test_images_that_it_claims_would_fail_or_others_be_taken(self) -> None:
        """Each size and each number of channels; others are refused by a sentence."""
        claims = detectors.requirements(self.detector)
        shapes = [(size, CHANNELS[place % 2]) for place, size in enumerate(SIZES)]
        for size, channels in (*shapes, (SIZES[0], CHANNELS[1]), (SIZES[0], 2), (24, 1), (8, 1)):
            data = planted_data(size=size, channels=channels, normals=64)
            problem = claims.size_problem(size) or claims.channels_problem(channels)
            of = f"{size} x {size} images of {channels} channels"
            if not problem:
                self._check_trains(data, of)
                continue
            said = _refusal(lambda data=data: trainings.make_trainer(self.detector, data=data))  # type: ignore[misc]
            assert said == problem, f"{of} are refused by {said!r}"

    def test_normals_alone_would_be_refused_or_anomalies_not_be_asked_for(self) -> None:
        """What needs known anomalies says so, and what does not trains without."""
        data = planted_data(normals=64, known=0)
        problem = detectors.requirements(self.detector).anomalies_problem(0)
        if not problem:
            self._check_trains(data, "normals alone")
            return
        assert _refusal(lambda: trainings.make_trainer(self.detector, data=data)) == problem

    def test_a_planted_anomaly_would_not_be_told_apart(self) -> None:
        """A bright square on a blob: three epochs in a row of the last stage, AUROC over 0.9.

        From one of three seeds: adversarial trainings of a few hundred steps fail from some.
        """
        if self.detector in TELLS_NOTHING:
            return
        curves: list[str] = []
        for seed in range(_SEEDS):
            found = self._planted_aurocs(seed)
            if len(found) >= _IN_A_ROW and min(found[-_IN_A_ROW:]) > _TELLS:
                return
            curves.append(", ".join(f"{auroc:.2f}" for auroc in found))
        raise AssertionError(f"AUROC of the last stage's epochs, by seed: {'; '.join(curves)}")

    def _planted_aurocs(self, seed: int) -> list[float]:
        """Of the last stage's epochs, up to three in a row that tell anomalies apart."""
        epochs = 30 + 10 * self._stage_count()
        starts = stage_starts(detectors.stages(self.detector), epochs) or (1,)
        trainer = trainings.make_trainer(
            self.detector,
            trainings.learning_values(self.detector),
            data=planted_data(normals=64, known=32, judged=32),
            epochs=epochs,
            seed=seed,
        )
        found: list[float] = []
        for epoch in range(1, epochs + 1):
            result = trainer.epoch()[0]
            assert result.error is None, f"epoch {epoch} raises {result.error!r}"
            if epoch >= starts[-1]:
                found.append(result.metrics.get("auroc", 0.0))
            if len(found) >= _IN_A_ROW and min(found[-_IN_A_ROW:]) > _TELLS:
                break
        return found

    def test_lanes_would_not_equal_training_alone(self) -> None:
        """But for rounding: losses of an epoch of each stage, and scores at the end."""
        if not detectors.packable(self.detector):
            return
        epochs = self._stage_count()
        together = trainings.make_trainer(self.detector, {}, {}, epochs=epochs)
        alone = [trainings.make_trainer(self.detector, seed=n, epochs=epochs) for n in (0, 1)]
        for epoch in range(1, epochs + 1):
            results = together.epoch()
            for lane, trainer in enumerate(alone):
                for name, value in trainer.epoch()[0].losses.items():
                    found, of = results[lane].losses[name], f"{name} of lane {lane}, epoch {epoch}"
                    close = abs(found - value) <= 0.01 * abs(value) + 1e-3
                    assert close, f"{of} is {found}, alone {value}"
        packed = trainings.lane_parts(together, self._trained().images)
        for lane, trainer in enumerate(alone):
            for name, part in trainings.lane_parts(trainer, self._trained().images).items():
                apart, size = (packed[name][lane] - part[0]).abs().mean(), part.abs().mean()
                assert apart <= 0.02 * size + 1e-3, f"part {name} of lane {lane} is {apart:.2g} off"

    def test_a_resumed_training_would_go_on_otherwise(self) -> None:
        """At the start of each stage and within it, bit for bit, from plain data."""
        epochs = trainings.epochs_of_two_each(self.detector)
        straight = trainings.make_trainer(self.detector, epochs=epochs)
        results, states, weights = [straight.epoch()[0]], [b"", b""], [{}, straight.weights(0)]
        states[1] = trainings.saved(straight.state(0))
        for _ in range(epochs - 1):
            results.append(straight.epoch()[0])
            states.append(trainings.saved(straight.state(0)))
            weights.append(straight.weights(0))
        begun = stage_starts(detectors.stages(self.detector), epochs)
        points = sorted({1, *begun, *(start - 1 for start in begun)} - {0, epochs})
        resumed = trainings.make_trainer(self.detector, epochs=epochs, seed=9)
        for point in points:
            resumed.load_state(0, trainings.restored(states[point]))
            for done in range(point + 1, min(point + 2, epochs) + 1):
                ours, of = resumed.epoch()[0], f"epoch {done}, resumed after {point}"
                assert _curve(ours) == _curve(results[done - 1]), f"figures of {of} differ"
                found, wanted = resumed.state(0), trainings.restored(states[done])
                same = trainings.same(trainings.flat(found), trainings.flat(wanted))
                assert same, f"the state after {of} differs"
                assert trainings.same(resumed.weights(0), weights[done]), f"the detector of {of}"

    def test_a_saved_detector_would_score_otherwise(self) -> None:
        """Scores, threshold, reconstructions and maps, bit for bit."""
        fitted, images = self._trained().fitted, self._trained().images
        with tempfile.TemporaryDirectory() as folder:
            fitted.save(Path(folder))
            loaded = FittedDetector.load(Path(folder))
            loaded.check_networks(Path(folder))
        assert torch.equal(loaded.score(images), fitted.score(images)), "scores differ"
        assert loaded.threshold == fitted.threshold, "the threshold differs"
        assert loaded.error_threshold == fitted.error_threshold, "the error's threshold differs"
        for name in ("reconstruct", "anomaly_maps"):
            ours, theirs = (getattr(each, name)(images) for each in (loaded, fitted))
            both = {"made": ours}, {"made": theirs}
            assert trainings.same(*both), f"{name} differs"

    def test_a_kept_detector_would_score_otherwise_than_its_validation_did(self) -> None:
        """What is put to use is what was chosen."""
        trained = self._trained()
        validated = trainings.lane_parts(trained.trainer, trained.images)
        for name, part in trained.parts().items():
            torch.testing.assert_close(
                part.double(), validated[name][0], rtol=1e-3, atol=1e-4, msg=f"part {name} differs"
            )

    def test_a_score_would_depend_on_the_batch(self) -> None:
        """On what comes with an image, or in which order."""
        fitted, images = self._trained().fitted, self._trained().images
        whole, count = self._trained().parts(), len(images)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
        halves = torch.arange(count).chunk(2)
        single = [torch.tensor([place]) for place in (0, count // 2, count - 1)]
        for rows in (order, *halves, *single):
            for name, part in fitted.score_parts(images[rows]).items():
                torch.testing.assert_close(
                    part, whole[name][rows], rtol=1e-4, atol=1e-5, msg=f"part {name} of {rows}"
                )

    def test_a_part_would_not_be_a_number_an_image(self) -> None:
        """[N], and finite."""
        for name, part in self._trained().parts().items():
            assert part.shape == (len(self._trained().images),), f"{name} is {list(part.shape)}"
            assert part.isfinite().all(), f"part {name} is not finite"

    def test_maps_or_reconstructions_would_be_of_another_shape(self) -> None:
        """A map is [N, H, W], from 0 on; a reconstruction is images from -1 to 1."""
        fitted, images = self._trained().fitted, self._trained().images[:5]
        maps, remade = fitted.anomaly_maps(images), fitted.reconstruct(images)
        assert (maps is None) == (fitted.map_scale is None)
        if maps is not None:
            assert maps.shape == (5, *images.shape[2:]), f"maps are {list(maps.shape)}"
            assert maps.isfinite().all() and maps.min() >= 0, "maps are not finite, or negative"
            alone = fitted.anomaly_maps(images[3:4])
            torch.testing.assert_close(alone, maps[3:4], rtol=1e-3, atol=1e-3)
        if remade is not None:
            assert remade.shape == images.shape, f"reconstructions are {list(remade.shape)}"
            assert remade.abs().max() <= 1, "reconstructions leave the range of images"

    def test_what_is_generated_would_be_no_images(self) -> None:
        """Where there is a prior: images in [-1, 1], the same for the same seed."""
        fitted, shape = self._trained().fitted, self._trained().images.shape[1:]
        made = detectors.make(self.detector, fitted.hyperparameters, shape[0], shape[1])
        first, again, other = (fitted.generate(3, seed=seed) for seed in (1, 1, 2))
        assert (first is None) == (made.prior is None), "a prior without images, or without a prior"
        if first is None or again is None or other is None:
            return
        assert first.shape == (3, *shape), f"it makes {list(first.shape)}"
        assert first.isfinite().all() and first.abs().max() <= 1, "no images in [-1, 1]"
        assert torch.equal(first, again), "one seed makes two pictures"
        assert not torch.equal(first, other), "all seeds make one picture"

    def _trained(self) -> Trained:
        return trainings.trained(self.detector)

    def _stage_count(self) -> int:
        return trainings.stage_count(self.detector)

    def _score_words(self) -> list[str]:
        every = detectors.hyperparameters(self.detector)
        return [str(word) for each in every if each.name == "score" for word in each.choices or ()]

    def _packs(self, lanes: list[dict[str, Value]]) -> list[list[dict[str, Value]]]:
        """All lanes together, or each alone."""
        packable = detectors.packable(self.detector)
        return [lanes] * bool(lanes) if packable else [[lane] for lane in lanes]

    def _structural(self) -> list[Hyperparameter]:
        return [each for each in detectors.hyperparameters(self.detector) if each.structural]

    def _other_words(self) -> list[dict[str, Value]]:
        """Each structural word that is not the default, alone."""
        return [
            {each.name: word}
            for each in self._structural()
            for word in each.choices or ()
            if word != each.default
        ]

    def _default(self, structural: Hyperparameter) -> Value:
        return resolved(self.detector, {})[structural.name]

    def _others(self, structural: Hyperparameter) -> list[Value]:
        """All other words, or another number: the lowest, or one that trains as quickly."""
        default = self._default(structural)
        if structural.choices is not None:
            return [word for word in structural.choices if word != default]
        assert structural.low is not None and structural.high is not None
        if default != structural.low:
            return [structural.check(structural.low)]
        more = max(2 * float(default), float(default) + 1)
        return [structural.check(min(structural.high, more))]

    def _changes(self, number: Hyperparameter, word: dict[str, Value]) -> bool:
        """Whether it changes anything beside a structural word."""
        assert number.low is not None and number.high is not None
        ends = [{number.name: number.check(end)} for end in (number.low, number.high)]
        low, high = (trainings.outcomes(self.detector, [{**word, **end}])[0] for end in ends)
        return not low.same(high)

    def _check_trains(self, data: TrainingData, of: str) -> None:
        """An epoch of each stage raises nothing, is finite and, of some seed, tells images apart.

        Networks of four numbers may die at their start.
        """
        epochs = self._stage_count()
        lanes: list[dict[str, Value]] = [{}] * (3 if detectors.packable(self.detector) else 1)
        trainer = trainings.make_trainer(self.detector, *lanes, data=data, epochs=epochs)
        for _ in range(epochs):
            results = trainer.epoch().values()
            for result in results:
                assert result.error is None, f"{of} raise {result.error!r}"
                assert not _not_finite(result), f"{of}: {result.why}"
        assert any(not result.diverged for result in results), f"{of}: all seeds collapse"


def _begin(group: LaneGroup, stage: Stage) -> None:
    if stage.begin is not None:
        with torch.no_grad():
            group.state.write(0, stage.begin(group.state.model(0), group.fit.normals()))


def _steps_of(group: LaneGroup, number: int, phase: Phase) -> tuple[Tensors, Tensors]:
    """All weights and buffers before and after some steps of one phase alone.

    Without its weight decay, by which a parameter would move that no loss reaches.
    """
    stage, orders = group.state.stages[number], group.fit.orders([0])
    draws = EpochDraws(stage.draws, 0, [0], orders.shape[2], group.state.device)
    plain = replace(phase, optimizer=replace(phase.optimizer, weight_decay=0.0))
    before: dict[str, Tensor] = group.state.lane(0)["weights"]
    for rows in orders:
        group.steps[number].run(scaled(group.fit.images[rows]), draws.next(), (plain,))
    after: dict[str, Tensor] = group.state.lane(0)["weights"]
    return before, after


def _check_finite(results: Sequence[EpochResult], of: Hyperparameter, value: object) -> None:
    """No epoch raises; none is not finite, but where the hyperparameter says that it may."""
    may_diverge = DIVERGES in of.meaning + of.source
    for result in results:
        epoch = f"{of.name}={value} in epoch {result.epoch}"
        assert result.error is None, f"{epoch} raises {result.error!r}"
        assert may_diverge or not _not_finite(result), f"{epoch}: {result.why}; nothing says so"


def _not_finite(result: EpochResult) -> bool:
    """Diverged, and not only because it scores all images the same as yet."""
    return result.diverged and not result.why.startswith("collapsed")


def _curve(result: EpochResult) -> tuple[int, str, dict[str, float], dict[str, float]]:
    return result.epoch, result.stage, result.losses, result.metrics


def _refusal(make: Callable[[], object]) -> str:
    """What a ValueError says; "" where there is none."""
    try:
        make()
    except ValueError as problem:
        return str(problem)
    return ""
