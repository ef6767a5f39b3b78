"""Write docs/detectors.md: what each detector is, with a diagram of what trains what.

python -m tuner.detectors.page > docs/detectors.md

The diagrams are drawn from the detectors' own networks, stages and losses.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from models import detectors
from models.hyperparameters import Value
from tuner.cli.markdown import print_page, table

if TYPE_CHECKING:
    from models.detectors.base import Detector
    from models.detectors.stage import Stage
    from models.probes.trace import Trace

_HEAD = """\
# The detectors

Made by `python -m tuner.detectors.page > docs/detectors.md` from `models/detectors/`.
`python -m tuner.detectors NAME` lists the settings of one, [hyperparameters.md](hyperparameters.md)
those of all; [new-detector.md](new-detector.md) says how to add one.

In a diagram an arrow leads from what is made to the network that sees it; thick frames are trained
in that stage. Below it stand the phases of a step in their order, and the score's parts.
"""
_SMALL = {"width": 4, "latent": 8, "search_steps": 2}
_USUAL_SIZE = 32


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page, in Markdown."""
    return print_page(argv, "tuner.detectors.page", __doc__, page)


def page() -> str:
    """Return the whole page. Imports torch."""
    return "\n".join([_HEAD, *("\n".join(_section(name)) for name in detectors.names())])


def _section(name: str) -> Iterator[str]:
    from models.probes.trace import score_part_names  # noqa: PLC0415 - torch

    about = inspect.getdoc(inspect.getmodule(detectors.load(name))) or ""
    yield f"## {name}\n"
    yield f"{about}\n"
    values = _small_values(name)
    made = _made(name, values)
    for stage in made.stages():
        yield from _stage(name, made, stage, values)
    if not made.stages():
        yield "Nothing is trained: it is fitted once.\n"
    yield f"Score parts: {', '.join(f'`{part}`' for part in score_part_names(made, values))}.\n"


def _small_values(name: str) -> dict[str, Value]:
    """As few channels and numbers as a diagram needs, all else as by default."""
    known = {each.name: each for each in detectors.hyperparameters(name)}
    small = {key: max(known[key].low or 0, of) for key, of in _SMALL.items() if key in known}
    return detectors.resolve(name, small)


def _made(name: str, values: dict[str, Value]) -> Detector:
    """For grey images of the usual size, or the first that it takes."""
    claims = detectors.requirements(name)
    size = claims.sizes[0] if claims.size_problem(_USUAL_SIZE) else _USUAL_SIZE
    channels = claims.channels[0] if claims.channels_problem(1) else 1
    return detectors.make(name, values, channels, size)


def _stage(name: str, made: Detector, stage: Stage, values: dict[str, Value]) -> Iterator[str]:
    import torch  # noqa: PLC0415

    from models.probes.trace import trace_stage  # noqa: PLC0415 - torch

    torch.manual_seed(0)
    networks = made.networks()
    trace = trace_stage(made, networks, stage, values)
    shares = detectors.stages(name)
    if len(shares) > 1:
        share = shares[stage.name] / sum(shares.values())
        yield f"### Stage {stage.name}: {share:.0%} of the epochs\n"
    yield "```mermaid\nflowchart LR"
    yield from _diagram(networks, trace, stage)
    yield "```\n"
    yield from table(("phase", "trains", "loss terms", "optimizer"), _phases(stage, trace))
    yield ""


def _phases(stage: Stage, trace: Trace) -> Iterator[Sequence[str]]:
    for phase in stage.phases:
        trains = ", ".join(f"`{each}`" for each in phase.trains)
        terms = ", ".join(f"`{each}`" for each in trace.terms[phase.name])
        often = "" if phase.every == 1 else f", every {phase.every} batches"
        yield phase.name, trains, terms, f"{type(phase.optimizer).__name__}{often}"


def _diagram(networks: Collection[str], trace: Trace, stage: Stage) -> Iterator[str]:
    trained = {each for phase in stage.phases for each in phase.trains}
    seen = dict.fromkeys(name for arrow in trace.arrows for name in arrow)
    for name in seen:
        yield f'    {name}["{name}"]' if name in networks else f'    {name}(["{name}"])'
    for source, target in trace.arrows:
        yield f"    {source} --> {target}"
    for name in seen:
        if name in trained:
            yield f"    style {name} stroke-width:4px"


if __name__ == "__main__":
    sys.exit(main())
