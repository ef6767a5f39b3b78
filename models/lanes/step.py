"""One stage's training step, for all lanes at once, on buffers that stay where they are.

Rows of a batch, random numbers and hyperparameters go into tensors that never move, and parameters,
moments and sums of losses are changed in place. So between the first step of an epoch and the last
nothing waits for the device, and on a GPU the whole step is recorded once and replayed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from models.batches import FitImages
from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Phase, Stage
from models.lanes.draws import EpochDraws
from models.lanes.output_checks import check_gradients, checked_forward, checked_loss
from models.lanes.stack import Leaf, over_lanes
from models.lanes.state import LaneState
from models.lanes.step_graph import GraphPool, Work, captured
from models.pixels import scaled
from models.precision import NumberFormat

Due = tuple[Phase, ...]


class Step:
    """The stage's forward pass and its phases in order.

    The forward pass keeps its graph until the last phase has used it. A phase sees the networks it
    trains with gradients and moving batch statistics, all others held still; so no work goes into
    gradients that nobody takes.
    """

    def __init__(
        self,
        stage: Stage,
        state: LaneState,
        fit: FitImages,
        precision: NumberFormat,
        pool: GraphPool,
    ):
        self._stage = stage
        self._state = state
        self._fit = fit
        self._precision = precision
        self._pool = pool
        self._trained = frozenset(name for phase in stage.phases for name in phase.trains)
        self._rows = torch.empty(0)
        self._drawn: Tensors = {}
        self._factors: dict[str, Tensor] = {}
        self._sums: Tensors = {}
        self._terms: dict[str, frozenset[str]] = {}
        self._recorded: dict[Due, Work] = {}

    def epoch(self, orders: Tensor, draws: EpochDraws, done: Sequence[float]) -> Tensors:
        """Take one step for each of `orders` [steps, K, N]; the mean of each loss term [K].

        `done` is the share of the stage that lies behind each lane.
        """
        self._set_factors(done)
        for total in self._sums.values():
            total.zero_()
        taken: Counter[str] = Counter()
        for number, rows in enumerate(orders, start=1):
            last = number == len(orders)
            due = tuple(p for p in self._stage.phases if last or number % p.every == 0)
            taken.update(phase.name for phase in due)
            self._load(rows, draws.next())
            self._advance(due)
        return {
            name: self._sums[name] / taken[phase]
            for phase, names in self._terms.items()
            for name in self._sums
            if name in names and taken[phase]
        }

    def forget(self) -> None:
        """Give up the recorded steps and their memory; the next epoch would record them anew."""
        self._recorded = {}

    def _set_factors(self, done: Sequence[float]) -> None:
        for phase in self._stage.phases:
            schedule = phase.optimizer.schedule
            if schedule is None:
                continue
            now = torch.tensor([[schedule(share)] for share in done], device=self._state.device)
            self._factors.setdefault(phase.name, now).copy_(now)

    def _load(self, rows: Tensor, drawn: Tensors) -> None:
        """Put what this step sees into the buffers that it reads."""
        if self._rows.shape != rows.shape:
            self._rows = rows.clone()
            self._drawn = {name: tensor.contiguous() for name, tensor in drawn.items()}
            return
        self._rows.copy_(rows)
        for name, tensor in drawn.items():
            self._drawn[name].copy_(tensor)

    def _advance(self, due: Due) -> None:
        if self._state.device.type != "cuda":
            self._run(due)
            return
        if due not in self._recorded:
            before = set(self._sums)
            state = [*self._state.tensors(), *self._sums.values()]

            def work() -> None:
                self._run(due)

            self._recorded[due] = captured(work, state, self._state.device, self._pool) or work
            for name in self._sums.keys() - before:  # made, and added to, as it warmed up
                self._sums[name].zero_()
        self._recorded[due]()

    def _run(self, due: Due) -> None:
        terms = self.run(scaled(self._fit.images[self._rows]), self._drawn, due)
        for name, term in terms.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros_like(term, dtype=torch.float32)
            self._sums[name] += term

    def run(self, images: Tensor, draws: Tensors, due: Due | None = None) -> Tensors:
        """Images [K, N, C, H, W] in [-1, 1] -> loss terms [K] by name; `due` None is all phases."""
        due = self._stage.phases if due is None else due
        if not due:
            return {}
        for stack in self._state.stacks.values():
            if not stack.module.training:
                stack.module.train()
        leaves = {name: self._state.stacks[name].leaf() for name in self._trained}
        shared: Tensors = {}
        if self._stage.forward is not None:
            forward = checked_forward(self._stage)
            shared = self._call(forward, self._trained, leaves, images, draws, {})
        terms: Tensors = {}
        for phase in due:
            moving = frozenset(phase.trains)
            checked = checked_loss(phase, self._stage)
            loss = self._call(checked, moving, leaves, images, draws, shared)
            self._note_terms(phase, loss["terms"])
            terms |= {name: term.detach() for name, term in loss["terms"].items()}
            self._update(phase, loss["total"], leaves, last=phase is due[-1])
            leaves |= {name: self._state.stacks[name].leaf() for name in phase.trains}
        return terms

    def _note_terms(self, phase: Phase, terms: Tensors) -> None:
        if phase.name in self._terms:
            return
        for other, names in self._terms.items():
            if double := sorted(names & set(terms)):
                raise ValueError(
                    f"phases {other} and {phase.name} both have a loss term {double[0]}: "
                    "terms need names of their own"
                )
        self._terms[phase.name] = frozenset(terms)

    def _call(
        self,
        function: Callable[[Model, Batch, Tensors], Any],
        moving: frozenset[str],
        leaves: Mapping[str, Leaf],
        images: Tensor,
        draws: Tensors,
        shared: Tensors,
    ) -> Any:
        """Run a function of one model over all lanes; only `moving` networks learn from it."""
        stacks = self._state.stacks
        parameters = {
            name: leaves[name].views if name in moving else stack.views()
            for name, stack in stacks.items()
        }
        modules = {name: stack.module for name, stack in stacks.items()}
        buffers = {name: stack.buffers for name, stack in stacks.items()}

        narrow = images.device.type if self._precision == "bfloat16" else ""

        def of_one_lane(
            parameters: dict[str, Tensors],
            buffers: dict[str, Tensors],
            images: Tensor,
            draws: Tensors,
            settings: Tensors,
            shared: Tensors,
        ) -> Any:
            model = Model(modules, parameters, buffers, settings, moving=moving, narrow=narrow)
            batch = Batch(images=images, normal_count=self._fit.batch_normals, draws=draws)
            return function(model, batch, shared)

        return over_lanes(of_one_lane, len(images))(
            parameters, buffers, images, draws, self._state.settings, shared
        )

    def _update(
        self, phase: Phase, loss: Tensor, leaves: Mapping[str, Leaf], *, last: bool
    ) -> None:
        gradients = self._gradients(phase, loss, leaves, last=last)
        settings, averages = self._state.settings, self._state.averages
        for name, gradient in zip(phase.trains, gradients, strict=True):
            rows = self._state.stacks[name].rows
            optimizer = self._state.optimizers[phase.moments or phase.name, name]
            optimizer.step(rows, gradient, phase.optimizer, settings, self._factors.get(phase.name))
            if name not in averages:
                continue
            if self._stage.average:
                averages[name].follow(rows, settings[self._stage.average][:, None])
            else:  # another stage's: scores are not by what stands still
                averages[name].rows.copy_(rows)

    def _gradients(
        self, phase: Phase, loss: Tensor, leaves: Mapping[str, Leaf], *, last: bool
    ) -> list[Tensor]:
        """Of all lanes' losses, by network in the phase's order."""
        rows = [leaves[name].rows for name in phase.trains]
        found: Sequence[Tensor | None] = [None] * len(rows)
        if loss.requires_grad:
            found = torch.autograd.grad(loss.sum(), rows, retain_graph=not last, allow_unused=True)
        return check_gradients(found, phase, self._stage)
