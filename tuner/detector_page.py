"""Write docs/detectors.md: what each detector is, with a diagram of what trains what.

python -m tuner.detector_page > docs/detectors.md

The diagrams are drawn from the detectors' own networks, stages and losses: each loss is computed
once on a few random images, and what flows into a network is read off the gradient's graph.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models import detectors
from tuner.command_line import run_command

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.detectors.base import Detector
    from models.detectors.stage import Stage

_HEAD = """\
# The detectors

Made by `python -m tuner.detector_page > docs/detectors.md` from `models/detectors/`.
`python -m tuner.detectors NAME` lists the settings of one, [hyperparameters.md](hyperparameters.md)
those of all; [new-detector.md](new-detector.md) says how to add one.

In a diagram an arrow leads from what is made to the network that sees it; thick frames are trained
in that stage. Below it stand the phases of a step in their order, and the score's parts.
"""
_ROWS = 4
_WIDTH = 4
_ENOUGH_LATENT = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page, in Markdown."""
    options = argparse.ArgumentParser(
        prog="python -m tuner.detector_page",
        description=(__doc__ or "").split("\n", maxsplit=1)[0],
    )

    def action() -> int:
        options.parse_args(argv)
        sys.stdout.write(page())
        return 0

    return run_command(action)


def page() -> str:
    """Return the whole page. Imports torch."""
    parts = [_HEAD]
    for name in detectors.names():
        parts.append("\n".join(_section(name)))
    return "\n".join(parts)


def _section(name: str) -> Iterator[str]:
    about = inspect.getdoc(inspect.getmodule(detectors.load(name))) or ""
    yield f"## {name}\n"
    yield f"{about}\n"
    made = _small(name)
    for stage in made.stages():
        yield from _stage(name, made, stage)
    if not made.stages():
        yield "Nothing is trained: it is fitted once.\n"
    yield f"Score parts: {', '.join(f'`{part}`' for part in _parts(made))}.\n"


def _small(name: str) -> Detector:
    """The detector as small as the diagram needs it, its structure otherwise the default one."""
    values: dict[str, Any] = {"width": _WIDTH, "latent": _ENOUGH_LATENT, "search_steps": 2}
    known = {each.name: each for each in detectors.hyperparameters(name)}
    small = {key: max(known[key].low or 0, of) for key, of in values.items() if key in known}
    requirements = detectors.requirements(name)
    size = 32 if not requirements.sizes or 32 in requirements.sizes else min(requirements.sizes)
    channels = 1 if not requirements.channels else min(requirements.channels)
    return detectors.make(name, detectors.resolve(name, small), channels, size)


@dataclass
class _Trace:
    """What was seen: arrows from name to name, and the loss terms of each phase."""

    arrows: dict[tuple[str, str], None] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)


def _stage(name: str, made: Detector, stage: Stage) -> Iterator[str]:
    import torch  # noqa: PLC0415

    torch.manual_seed(0)
    networks = made.networks()
    trace = _traced(made, networks, stage)
    shares = detectors.stages(name)
    if len(shares) > 1:
        share = shares[stage.name] / sum(shares.values())
        yield f"### Stage {stage.name}: {share:.0%} of the epochs\n"
    yield "```mermaid\nflowchart LR"
    yield from _nodes(networks, trace, stage)
    yield "```\n"
    yield "| phase | trains | loss terms | optimizer |\n| --- | --- | --- | --- |"
    for phase in stage.phases:
        trains = ", ".join(f"`{each}`" for each in phase.trains)
        terms = ", ".join(f"`{each}`" for each in trace.terms[phase.name])
        kind = type(phase.optimizer).__name__
        often = "" if phase.every == 1 else f", every {phase.every} batches"
        yield f"| {phase.name} | {trains} | {terms} | {kind}{often} |"
    yield ""


def _nodes(networks: dict[str, nn.Module], trace: _Trace, stage: Stage) -> Iterator[str]:
    trained = {each for phase in stage.phases for each in phase.trains}
    seen = dict.fromkeys(name for arrow in trace.arrows for name in arrow)
    for name in seen:
        shape = f'{name}["{name}"]' if name in networks else f'{name}(["{name}"])'
        yield f"    {shape}"
    for source, target in trace.arrows:
        yield f"    {source} --> {target}"
    for name in seen:
        if name in trained:
            yield f"    style {name} stroke-width:4px"


def _traced(made: Detector, networks: dict[str, nn.Module], stage: Stage) -> _Trace:
    """Compute the stage's losses once, on random images."""
    import torch  # noqa: PLC0415

    from models.detectors.stage import Batch  # noqa: PLC0415
    from models.hyperparameters import numbers  # noqa: PLC0415
    from models.lanes.draws import drawn  # noqa: PLC0415

    rows = 2 * _ROWS
    images = torch.rand(rows, made.channels, made.size, made.size).mul_(2).sub_(1)
    generator = torch.Generator().manual_seed(0)
    draws = {draw.name: drawn(draw, rows, generator) for draw in stage.draws}
    leaves = {"images": images.requires_grad_()}
    leaves |= {name: tensor.requires_grad_() for name, tensor in draws.items()}
    trace = _Trace()
    values = {**_defaults(made), **made.structure}
    settings = {key: torch.tensor(value) for key, value in numbers(values).items()}
    model = _traced_model(networks, settings, leaves, trace)
    batch = Batch(images=images, normal_count=_ROWS, draws=draws)
    shared = {} if stage.forward is None else stage.forward(model, batch)
    for phase in stage.phases:
        trace.terms[phase.name] = list(phase.loss(model, batch, shared).terms)
    return trace


def _defaults(made: Detector) -> dict[str, Any]:
    name = next(each for each in detectors.names() if detectors.load(each) is type(made))
    return dict(detectors.resolve(name, {}))


def _traced_model(
    networks: dict[str, nn.Module],
    settings: dict[str, Tensor],
    leaves: dict[str, Tensor],
    trace: _Trace,
) -> Any:
    from torch.func import functional_call  # noqa: PLC0415
    from torch.utils._pytree import tree_leaves  # noqa: PLC0415

    from models.detectors.model import Model  # noqa: PLC0415

    origin: dict[Any, str] = {}
    named = {id(tensor): name for name, tensor in leaves.items()}

    class Traced(Model):
        """Notes which network sees what another made."""

        def __call__(self, network: str, *inputs: object, **how: bool) -> Any:
            for tensor in _tensors(tree_leaves(inputs)):
                for source in _sources(tensor, origin, named):
                    trace.arrows.setdefault((source, network))
            module = networks[network]
            held = {} if how.get("update_statistics", True) else _copied(module)
            result = functional_call(module, held, inputs)
            for tensor in _tensors(tree_leaves(result)):
                if tensor.grad_fn is not None:
                    origin[tensor.grad_fn] = network
            return result

        def tensors(self, network: str) -> dict[str, Tensor]:
            return dict(networks[network].state_dict())

    return Traced(networks, {}, {}, settings)


def _copied(module: nn.Module) -> dict[str, Tensor]:
    """The statistics that a call is to leave as they are."""
    return {name: buffer.clone() for name, buffer in module.named_buffers()}


def _tensors(leaves: Iterable[object]) -> Iterator[Tensor]:
    import torch  # noqa: PLC0415

    for leaf in leaves:
        if isinstance(leaf, torch.Tensor):
            yield leaf


def _sources(tensor: Tensor, origin: dict[Any, str], named: dict[int, str]) -> Iterator[str]:
    """The networks, images or draws that a tensor was made of, as far back as the next network."""
    if id(tensor) in named:
        yield named[id(tensor)]
    waiting, seen = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in origin:
            yield origin[node]
            continue
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) in named:
            yield named[id(variable)]
        waiting.extend(following for following, _ in node.next_functions)


def _parts(made: Detector) -> list[str]:
    """The names of the score's parts, of a detector that was fitted on a few random images."""
    import torch  # noqa: PLC0415

    from models.detectors.fit_view import FitView  # noqa: PLC0415
    from models.detectors.model import Model  # noqa: PLC0415
    from models.hyperparameters import numbers  # noqa: PLC0415

    torch.manual_seed(0)
    modules = {name: module.eval() for name, module in made.networks().items()}
    own = {name: dict(module.state_dict()) for name, module in modules.items()}
    values = {**_defaults(made), **made.structure}
    settings = {key: torch.tensor(value) for key, value in numbers(values).items()}
    empty: dict[str, dict[str, Tensor]] = {name: {} for name in modules}
    shape = (2 * _ROWS, made.channels, made.size, made.size)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    with torch.no_grad():
        fitted = made.fit(Model(modules, own, empty, settings), FitView(images))
        model = Model(modules, own, empty, settings, fitted)
        return list(made.score_parts(model, images.float() / 127.5 - 1))


if __name__ == "__main__":
    sys.exit(main())
