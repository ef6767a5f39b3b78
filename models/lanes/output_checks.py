"""What a detector's functions return, looked at before it is used: a mistake names its place."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Loss, Phase, Stage

LossTensors = dict[str, Any]
"""`total`, and `terms` by name: a Loss as nested tensors."""


def place_of(phase: Phase, stage: Stage) -> str:
    """How messages name a phase's loss."""
    return f"the loss of phase {phase.name} of stage {stage.name}"


def checked_loss(phase: Phase, stage: Stage) -> Callable[[Model, Batch, Tensors], LossTensors]:
    """The phase's loss; it raises ValueError where that is no Loss of scalars."""

    def loss(model: Model, batch: Batch, shared: Tensors) -> LossTensors:
        made = phase.loss(model, batch, shared)
        if not isinstance(made, Loss):
            got = type(made).__name__
            raise ValueError(f"{place_of(phase, stage)} returns a {got}, no Loss")
        for name, value in (("total", made.total), *made.terms.items()):
            if not isinstance(value, Tensor) or value.dim():
                raise ValueError(f"{place_of(phase, stage)}: {name} is {_kind(value)}, no scalar")
        return {"total": made.total, "terms": made.terms}

    return loss


def checked_forward(stage: Stage) -> Callable[[Model, Batch, Tensors], Tensors]:
    """The stage's forward, called as losses are; it raises ValueError where it makes no dict."""

    def forward(model: Model, batch: Batch, _: Tensors) -> Tensors:
        made = {} if stage.forward is None else stage.forward(model, batch)
        if not isinstance(made, dict):
            raise ValueError(f"forward of stage {stage.name} returns {_kind(made)}, no dict")
        return made

    return forward


def check_gradients(found: Sequence[Tensor | None], phase: Phase, stage: Stage) -> list[Tensor]:
    """The gradients of the networks that a phase trains; ValueError names those without one."""
    pairs = zip(phase.trains, found, strict=True)
    if unused := [name for name, gradient in pairs if gradient is None]:
        raise ValueError(
            f"{place_of(phase, stage)} does not depend on what the phase trains: "
            f"{', '.join(unused)}"
        )
    return [gradient for gradient in found if gradient is not None]


def check_parts(parts: Tensors, count: int) -> None:
    """Raise ValueError where score parts are not a number an image, by name."""
    if not isinstance(parts, dict) or not parts:
        raise ValueError(f"score parts are a dict of tensors [N], got {_kind(parts)}")
    for name, part in parts.items():
        if not isinstance(part, Tensor) or part.shape != (count,):
            wanted = f"[{count}], a number an image"
            raise ValueError(f"the score part {name} is {_kind(part)}, not {wanted}")


def _kind(value: object) -> str:
    """A tensor's shape, or what else it is."""
    if isinstance(value, Tensor):
        return str(list(value.shape))
    return f"a {type(value).__name__}" if value else repr(value)
