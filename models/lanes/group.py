"""Lanes that train in one step: their networks, moments, hyperparameters and epochs.

K lanes, K fixed. Nothing of one lane reaches another: no operation reduces over lanes before the
gradient is taken, and every tensor here has the lanes in front.
"""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.batches import FitImages
from models.detectors.base import Detector
from models.detectors.model import Tensors
from models.device_images import DeviceImages
from models.evaluation.validation import Validation, WithoutLabels, judge_lanes, told_apart
from models.hyperparameters import Value
from models.lanes.draws import EpochDraws
from models.lanes.fitting import Problems, begin_lanes, fit_lanes
from models.lanes.plan import StagePlan
from models.lanes.scoring import score_lanes
from models.lanes.state import LaneState
from models.lanes.step import Step
from models.lanes.step_graph import GraphPool
from models.memory import free_unused
from models.pixels import scaled
from models.precision import NumberFormat, deterministic_convolutions
from models.scores import Scores


@dataclass(frozen=True, kw_only=True)
class LaneEpoch:
    """What an epoch gave a lane: mean losses, and what the validation images say.

    `losses` are {} of a lane that rests, its patience at an end. The verdict is None if the lane
    diverged, for the reason `why`, and the exception that its start of a stage, its fit or its
    scoring raised.
    """

    stage: str
    losses: dict[str, float]
    verdict: Validation | Exception | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class GroupEpoch:
    """An epoch by place; `train_seconds` is without the scoring."""

    lanes: dict[int, LaneEpoch]
    train_seconds: float


class LaneGroup:
    """Trains and scores its lanes an epoch at a time; an epoch that fails leaves no trace."""

    def __init__(  # noqa: PLR0913
        self,
        detector: Detector,
        *,
        plan: StagePlan,
        scores: Scores,
        state: LaneState,
        fit: FitImages,
        precision: NumberFormat,
        pool: GraphPool,
    ):
        self._detector = detector
        self._plan = plan
        self._scores = scores
        self._precision = precision
        self._pool = pool
        self.fit = fit
        self.state = state
        self.steps = [Step(stage, state, fit, precision, pool) for stage in plan.stages]

    def __len__(self) -> int:
        return len(self.state)

    def epoch(
        self,
        active: Collection[int],
        images: DeviceImages,
        lanes: Sequence[Mapping[str, Value]],
    ) -> GroupEpoch:
        """Train and score the lanes at the places `active`; those elsewhere stay as they are.

        `lanes` are the hyperparameters at each place, {} at an empty one. Lanes in different stages
        take turns.
        """
        state = self.state
        before = [tensor.clone() for tensor in state.tensors()]
        fitted, patience = list(state.fitted), list(state.patience)
        outcomes: dict[int, LaneEpoch] = {}
        seconds, at_stage = 0.0, before
        done = False
        try:
            with deterministic_convolutions():
                for number, places in self._plan.by_stage(state.epochs, active).items():
                    if outcomes:
                        at_stage = [tensor.clone() for tensor in state.tensors()]
                    seconds += self._stage_epoch(number, places, images, lanes, outcomes, at_stage)
            done = True
        finally:
            if not done:
                self._put_back(before, range(len(self)))
                state.fitted, state.patience = fitted, patience
        for place in active:
            state.epochs[place] += 1
        return GroupEpoch(lanes=outcomes, train_seconds=seconds)

    def _stage_epoch(
        self,
        number: int,
        places: Collection[int],
        images: DeviceImages,
        lanes: Sequence[Mapping[str, Value]],
        outcomes: dict[int, LaneEpoch],
        before: Sequence[Tensor],
    ) -> float:
        """An epoch of the lanes that are in one stage; the seconds that it trained.

        All lanes take the steps, and the others are put back to where they were `before`.
        """
        start = time.perf_counter()
        problems = self._begin(number, places)
        resting = [place for place in places if self._rests(place, lanes[place])]
        means = {} if len(resting) == len(places) else self._train(number)
        self._put_back(before, [p for p in range(len(self)) if p not in places or p in resting])
        losses = {name: mean.tolist() for name, mean in means.items()}  # waits for a GPU
        problems |= self._fit(number, places)
        seconds = time.perf_counter() - start
        parts, of_noise = Tensors(), Tensors()
        verdicts: list[Validation | Exception | None] = [None] * len(self)
        if not problems.keys() >= set(places):  # without a fit there may be nothing to score with
            parts, of_noise, verdicts = self._judged(number, images, lanes, places)
        finite = self.state.finite()
        for place in places:
            own = {} if place in resting else {name: of[place] for name, of in losses.items()}
            verdict: Validation | Exception | None = problems.get(place, verdicts[place])
            if not finite[place] or not all(map(math.isfinite, own.values())):
                verdict = None
            why = ""
            if verdict is None:
                why = _why_untrained(own, finite[place]) or _why_unjudged(parts, of_noise, place)
            name = self._plan.name(number)
            outcomes[place] = LaneEpoch(stage=name, losses=own, verdict=verdict, why=why)
        return seconds

    def _begin(self, number: int, places: Collection[int]) -> Problems:
        """Let the lanes whose first epoch of the stage this is begin it."""
        if not self._plan.stages:
            return {}
        stage, state = self._plan.stages[number], self.state
        fresh = [place for place in places if self._plan.begins(state.epochs[place])]
        for place in fresh:
            state.forget_patience(place)
        if stage.begin is None:
            return {}
        return begin_lanes(stage.begin, state, fresh, self.fit.normals())

    def _train(self, number: int) -> Tensors:
        """The mean of each loss term [K] of one epoch of all lanes."""
        if not self._plan.stages:
            return {}
        epochs = self.state.epochs
        orders = self.fit.orders(epochs)
        done = [self._plan.share_done(number, epoch) for epoch in epochs]
        return self.steps[number].epoch(orders, self._draws(number, orders), done)

    def _rests(self, place: int, hyperparameters: Mapping[str, Value]) -> bool:
        """Whether the lane has waited for as long as its patience."""
        patience = hyperparameters.get("patience")
        return patience is not None and self.state.patience[place].waited >= int(patience)

    def _fit(self, number: int, places: Collection[int]) -> Problems:
        """Fit these lanes, unless the stage has a score of its own.

        Without stages nothing changes that a fit would see, so once.
        """
        if self._plan.score_parts(number) is not None:
            return {}
        stages, fitted = self._plan.stages, self.state.fitted
        fresh = [place for place in places if stages or not fitted[place]]
        return fit_lanes(self._detector.fit, self.state, fresh, self.fit.normals())

    def _judged(
        self,
        number: int,
        images: DeviceImages,
        lanes: Sequence[Mapping[str, Value]],
        places: Collection[int],
    ) -> tuple[Tensors, Tensors, list[Validation | Exception | None]]:
        """The parts of the validation images and of noise, and what they say of each lane."""
        score_parts = self._plan.score_parts(number) or self._detector.score_parts

        def scores(of: Tensor) -> Tensors:
            return score_lanes(score_parts, self.state, of)

        parts = scores(images.validation)
        noise = None if images.noise is None else scores(images.noise)
        self._watch(parts, images, places)
        unlabelled = WithoutLabels(synthetic=images.synthetic, noise=noise)
        own_score = self._plan.score_parts(number) is None
        judged = [values if own_score else _unchosen(values) for values in lanes]
        verdicts = judge_lanes(parts, images.anomalous, judged, unlabelled, self._scores)
        return parts, noise or {}, verdicts

    def _watch(self, parts: Tensors, images: DeviceImages, places: Collection[int]) -> None:
        """Let patience see the mean of what it watches over the validation normals."""
        if self._detector.watched not in parts:
            return
        normal = torch.from_numpy(~images.anomalous).to(self.state.device)
        means = parts[self._detector.watched][:, normal].mean(1).tolist()
        for place in places:
            self.state.patience[place] = self.state.patience[place].seen(means[place])

    def take_step(self) -> int:
        """Take one step of the longest stage as operations, nothing recorded; the images it saw."""
        number = self._plan.longest
        orders = self.fit.orders(self.state.epochs)
        draws = self._draws(number, orders)
        self.steps[number].run(scaled(self.fit.images[orders[0]]), draws.next())
        return orders[0].numel()

    def steps_of(self, count: int, stage: int | None = None) -> Callable[[], int]:
        """What takes the first steps of an epoch, of the longest stage or another.

        Each call takes them once more, and gives the number of images that they saw.
        """
        number = self._plan.longest if stage is None else stage
        orders = self.fit.orders(self.state.epochs)[:count]

        def take() -> int:
            draws = self._draws(number, orders)
            self.steps[number].epoch(orders, draws, [0.0] * len(self))
            return orders.numel()

        return take

    def _draws(self, number: int, orders: Tensor) -> EpochDraws:
        stage, state = self._plan.stages[number], self.state
        rows = orders.shape[2]
        return EpochDraws(stage.draws, self.fit.data_seed, state.epochs, rows, state.device)

    def scored_stage(self, place: int) -> str:
        """The stage whose own score parts the lane was last scored by; "" for the detector's."""
        return self._plan.scored_stage(self.state.epochs[place])

    def part(self, places: Sequence[int]) -> "LaneGroup":
        """A group of these lanes alone, as they stand."""
        state = self.state.part(places)
        return LaneGroup(
            self._detector,
            plan=self._plan,
            scores=self._scores,
            state=state,
            fit=self.fit,
            precision=self._precision,
            pool=self._pool,
        )

    def halves(self) -> tuple["LaneGroup", "LaneGroup"]:
        """Two groups of half the lanes, as they stand; this one gives up its recorded steps.

        They are copies: slices of this one's tensors would begin where fast kernels cannot. There
        is room for them where the epoch's own copy of all that it changes was.
        """
        for step in self.steps:
            step.forget()
        free_unused()
        middle = (len(self) + 1) // 2
        return self.part(range(middle)), self.part(range(middle, len(self)))

    @torch.no_grad()
    def _put_back(self, before: Sequence[Tensor], places: Collection[int]) -> None:
        for tensor, was in zip(self.state.tensors(), before, strict=True):
            for place in places:
                tensor[place].copy_(was[place])


def _why_untrained(losses: Mapping[str, float], finite: bool) -> str:
    """Why the training of a lane came to nothing, or "" where it did not."""
    for name, value in losses.items():
        if not math.isfinite(value):
            return f"diverged: its loss {name} is not finite"
    return "" if finite else "diverged: its weights are not finite"


def _why_unjudged(parts: Tensors, of_noise: Tensors, place: int) -> str:
    """Why scores of a lane whose losses and weights are finite say nothing."""
    for name, part in parts.items():
        if not part[place].isfinite().all():
            return f"diverged: its score part {name} is not finite"
    for name, part in of_noise.items():
        if not part[place].isfinite().all():
            return f"diverged: its score part {name} is not finite for images of noise"
    # A mixture needs all of its parts; another score may be one of these alone.
    same = [name for name, part in parts.items() if not told_apart(part[place])]
    if 0 < len(same) < len(parts):
        return f"collapsed: its score part {', '.join(same)} is the same for all images"
    return "collapsed: it scores all images the same"


def _unchosen(values: Mapping[str, Value]) -> dict[str, Value]:
    """Hyperparameters without the score: a stage with a score of its own has other parts."""
    return {name: value for name, value in values.items() if name != "score"}
