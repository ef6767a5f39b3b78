"""The one training loop: any detector, any number of lanes.

K configurations of equal structure train as one: their networks are stacked, `vmap` runs them, and
the sum of their losses is differentiated once. K = 1 is ordinary training through the same code.
All lanes see the same order of images per epoch, so that they differ by configuration alone.
"""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from models import detectors
from models.batches import FitImages
from models.detectors.checks import check_patience, check_stages
from models.detectors.model import Tensors
from models.device_images import at_most, device_images
from models.evaluation.validation import Validation
from models.fitted import FittedDetector
from models.hyperparameters import Value, numbers
from models.lanes.group import LaneEpoch, LaneGroup
from models.lanes.lane import EpochResult, Lane
from models.lanes.plan import StagePlan
from models.lanes.stack import NetworkStack
from models.lanes.state import LaneState
from models.lanes.step_graph import GraphPool
from models.memory import free_unused, is_out_of_memory
from models.precision import Precision, pick_device, pick_precision
from models.stages import epochs_problem

if TYPE_CHECKING:
    from models.data.images import TrainingData

_LOG = logging.getLogger(__name__)


class Trainer:
    """Trains lanes an epoch at a time.

    A lane given as None is empty: it takes its place in the step, and trains once `replace` puts a
    configuration there. A lane is an island: what happens in one changes no bit of another.
    `epochs` is how many there will be, over which a detector's stages are shared out; None is one
    for each stage.

    Raises ValueError when the lanes differ in a structural hyperparameter, when several are given
    of a detector that cannot be packed or in bfloat16 on a CPU, or the detector cannot take the
    images or has more stages than there are epochs. `device` None is the GPU if there is one.
    Results are the same for the same seeds, data seed, number of lanes and device; the number
    of lanes or of CPU threads may change the last digits.
    """

    def __init__(  # noqa: PLR0913
        self,
        detector_name: str,
        data: "TrainingData",
        lanes: Sequence[Lane | None],
        *,
        device: str | None = None,
        data_seed: int = 0,
        precision: Precision = "auto",
        epochs: int | None = None,
    ):
        self.detector_name = detector_name
        self.device = pick_device(device)
        self.precision = pick_precision(precision, self.device, len(lanes))
        self._lanes = [None if lane is None else lane.complete(detector_name) for lane in lanes]
        if len(self._lanes) > 1 and not detectors.packable(detector_name):
            raise ValueError(f"{detector_name} cannot be packed: train one lane at a time")
        self._structure = detectors.structure(detector_name, self._first_lane().hyperparameters)
        for lane in self._lanes:
            if lane is not None:
                lane.check_structure(detector_name, self._structure)
        images = device_images(data, self.device)
        self._preprocessing = data.preprocessing
        self._fit = FitImages(images, self._structure, data_seed)
        detectors.requirements(detector_name).check(
            size=self._fit.size,
            channels=self._fit.channels,
            normals=self._fit.normal_count,
            anomalies=self._fit.anomalies,
        )
        shares = detectors.stages(detector_name)
        epochs = max(1, len(shares)) if epochs is None else epochs
        if problem := epochs_problem(shares, epochs):
            raise ValueError(f"{detector_name}: {problem}")
        self._detector = detectors.make(
            detector_name, self._structure, self._fit.channels, self._fit.size
        )
        self._images = at_most(images, self._detector.scored_per_epoch)
        plan = StagePlan(stages=self._detector.stages(), shares=shares, epochs=epochs)
        self._groups = [self._make_group(plan)]
        self._validations: list[Validation | None] = [None] * len(lanes)
        self._whys = [""] * len(lanes)

    @property
    def lanes(self) -> tuple[Lane | None, ...]:
        """What each lane trains now; None where it is empty."""
        return tuple(self._lanes)

    def epoch(self, active: Collection[int] | None = None) -> dict[int, EpochResult]:
        """Train the lanes `active` for one epoch, validate them, and say how each went.

        None means every lane that is not empty. A lane that is not active is held: its weights,
        moments, statistics and epoch are afterwards what they were, bit for bit.
        """
        start, train_seconds = time.perf_counter(), 0.0
        waiting = self._chosen(active)
        trained: dict[int, LaneEpoch] = {}
        while waiting:
            outcome = self._train(waiting)
            if outcome is None:
                self._halve(waiting[0])
                continue
            own, own_seconds = outcome
            trained |= own
            train_seconds += own_seconds
            waiting = [lane for lane in waiting if lane not in own]
        seconds = time.perf_counter() - start
        stepped = any(each.losses for each in trained.values())  # not at rest, nor without stages
        pace = self._fit.per_epoch / train_seconds if stepped else 0.0
        return {lane: self._result(lane, of, seconds, pace) for lane, of in trained.items()}

    def whole(self) -> LaneGroup:
        """All lanes as the one group they start as, to take single steps for a measurement."""
        return self._groups[0]

    def weights(self, lane: int) -> Tensors:
        """What one lane's scores are computed with, on the CPU, named "network.parameter"."""
        group, place = self._of(lane)
        return group.state.detector_tensors(place)

    def state(self, lane: int) -> dict[str, Any]:
        """All that one lane needs to go on elsewhere: CPU tensors and plain values."""
        group, place = self._of(lane)
        return group.state.lane(place)

    def load_state(self, lane: int, state: Mapping[str, Any]) -> None:
        """Go on in this lane where `state` was taken; hyperparameters are the lane's own."""
        group, place = self._of(lane)
        group.state.load_lane(place, state)
        self._validations[lane], self._whys[lane] = None, ""

    def replace(self, lane: int, new: Lane) -> None:
        """Start another configuration in this lane, from its first epoch."""
        new = new.complete(self.detector_name)
        new.check_structure(self.detector_name, self._structure)
        group, place = self._of(lane)
        networks = self._make_networks(new)
        weights = {name: module.state_dict() for name, module in networks.items()}
        group.state.restart(place, weights, numbers(new.hyperparameters))
        self._lanes[lane] = new
        self._validations[lane], self._whys[lane] = None, ""

    def release(self, lane: int) -> None:
        """Leave this lane empty until `replace`."""
        self._lanes[lane] = None
        self._validations[lane], self._whys[lane] = None, ""

    def fitted(self, lane: int) -> FittedDetector:
        """The lane as it stands, with the score fitted on its last validation, on the CPU.

        Raises ValueError before the first epoch and after divergence.
        """
        validation, trained = self._validations[lane], self._lanes[lane]
        if validation is None or trained is None:
            why = self._whys[lane] or "train an epoch first"
            raise ValueError(f"lane {lane} has no usable validation: {why}")
        group, place = self._of(lane)
        fitted = FittedDetector(
            detector=self.detector_name,
            hyperparameters=dict(trained.hyperparameters),
            preprocessing=self._preprocessing,
            weights=self.weights(lane),
            mixture=validation.mixture,
            threshold=validation.threshold,
            error_threshold=validation.error_threshold,
            score_spread=validation.score_spread,
            stage=group.scored_stage(place),
        )
        normals = torch.from_numpy(~self._images.anomalous).nonzero()[:, 0]
        rows = fitted.rows_for_maps(normals).to(self.device)
        return fitted.with_map_scale(self._images.validation[rows])

    def _train(self, waiting: Sequence[int]) -> tuple[dict[int, LaneEpoch], float] | None:
        """An epoch of the group of the first that waits, by lane, and the seconds it trained.

        None where there is no room for all its lanes, which then are as before the epoch. Nothing
        of the group is held afterwards: its memory must be free when its halves are tried.
        """
        group, place = self._of(waiting[0])
        first = waiting[0] - place
        places = [lane - first for lane in waiting if lane < first + len(group)]
        try:
            outcome = group.epoch(places, self._images, self._hyperparameters(first, group))
        except (RuntimeError, MemoryError) as problem:
            if len(group) == 1 or not is_out_of_memory(problem):
                raise
            return None
        for place in places:
            self._take(first + place, outcome.lanes[place])
        return {first + place: outcome.lanes[place] for place in places}, outcome.train_seconds

    def _take(self, lane: int, outcome: LaneEpoch) -> None:
        """Keep a lane's validation, or why it has none."""
        verdict = outcome.verdict
        self._validations[lane] = verdict if isinstance(verdict, Validation) else None
        self._whys[lane] = repr(verdict) if isinstance(verdict, Exception) else outcome.why

    def _halve(self, lane: int) -> None:
        """Put two groups, as it stands, in the place of the lane's group, for good.

        What did not fit once would not fit again.
        """
        at = self._groups.index(self._of(lane)[0])
        _LOG.warning(
            "no memory for %d lanes in one step on %s: they train as two groups in turn",
            len(self._groups[at]),
            self.device,
        )
        self._groups[at : at + 1] = self._groups[at].halves()
        free_unused()

    def _result(self, lane: int, outcome: LaneEpoch, seconds: float, pace: float) -> EpochResult:
        group, place = self._of(lane)
        verdict = outcome.verdict
        return EpochResult(
            epoch=group.state.epochs[place],
            stage=outcome.stage,
            losses=outcome.losses,
            metrics=verdict.metrics if isinstance(verdict, Validation) else {},
            seconds=seconds,
            images_per_second=pace,
            diverged=verdict is None,
            why=outcome.why,
            error=verdict if isinstance(verdict, Exception) else None,
        )

    def _hyperparameters(self, first: int, group: LaneGroup) -> list[dict[str, Value]]:
        """Of each place of a group, {} where it is empty."""
        lanes = self._lanes[first : first + len(group)]
        return [{} if lane is None else lane.hyperparameters for lane in lanes]

    def _chosen(self, active: Collection[int] | None) -> list[int]:
        if active is None:
            return [place for place, lane in enumerate(self._lanes) if lane is not None]
        for lane in active:
            if not 0 <= lane < len(self._lanes) or self._lanes[lane] is None:
                raise ValueError(f"lane {lane} cannot train: there is no configuration in it")
        return sorted(set(active))

    def _placed_groups(self) -> list[tuple[int, LaneGroup]]:
        """The groups, each with the number of its first lane."""
        sizes = [len(group) for group in self._groups]
        return list(zip(accumulate(sizes, initial=0), self._groups, strict=False))

    def _of(self, lane: int) -> tuple[LaneGroup, int]:
        """The lane's group and its place there."""
        for first, group in self._placed_groups():
            if first <= lane < first + len(group):
                return group, lane - first
        raise IndexError(f"there is no lane {lane}, the last is {len(self._lanes) - 1}")

    def _make_group(self, plan: StagePlan) -> LaneGroup:
        """All lanes; empty ones start as copies of the first configuration."""
        first = self._first_lane()
        spare = self._make_networks(first)
        made = [
            spare if lane is None or lane == first else self._make_networks(lane)
            for lane in self._lanes
        ]
        stacks = {
            name: NetworkStack([networks[name] for networks in made], self.device) for name in spare
        }
        rows = [numbers((lane or first).hyperparameters) for lane in self._lanes]
        check_stages(self.detector_name, plan.stages, plan.shares, spare, rows[0])
        check_patience(self.detector_name, self._detector.watched, rows[0])
        settings = {
            name: torch.tensor([row[name] for row in rows], device=self.device) for name in rows[0]
        }
        state = LaneState(plan.stages, stacks, settings, len(self._lanes), self.device)
        scores = detectors.scores(self.detector_name)
        return LaneGroup(
            self._detector,
            plan=plan,
            scores=scores,
            state=state,
            fit=self._fit,
            precision=self.precision,
            pool=GraphPool(),
        )

    def _make_networks(self, lane: Lane) -> dict[str, nn.Module]:
        """Newly initialised on the CPU, so that a seed means the same on every device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(lane.seed)
            return self._detector.networks()

    def _first_lane(self) -> Lane:
        first = next((lane for lane in self._lanes if lane is not None), None)
        if first is None:
            raise ValueError("a trainer needs at least one lane with a configuration")
        return first
