"""What a detector says of itself, held together before it trains."""

from collections.abc import Collection, Sequence

from models.detectors.stage import Stage
from models.names import unknown
from models.stages import Shares, shares_problem


def check_stages(
    name: str,
    stages: Sequence[Stage],
    shares: Shares,
    networks: Collection[str],
    numbers: Collection[str],
) -> None:
    """Raise ValueError where stages name what the detector has not.

    That is a network or a hyperparameter that is a number; and where the stages are others than
    those beside the hyperparameters.
    """
    found = [stage.name for stage in stages]
    if found != list(shares):
        raise ValueError(
            f"{name}: the detector's stages are {found}, STAGES beside its hyperparameters says "
            f"{list(shares)}"
        )
    if problem := shares_problem(shares):
        raise ValueError(f"{name}: {problem}")
    for stage in stages:
        if stage.average and stage.average not in numbers:
            of = f"of {name}, named by its stage {stage.name}"
            raise ValueError(unknown(f"hyperparameter {of}:", stage.average, numbers))
        for phase in stage.phases:
            of = f"of {name}, named by its phase {phase.name}"
            for network in phase.trains:
                if network not in networks:
                    raise ValueError(unknown(f"network {of}:", network, networks))
            for number in vars(phase.optimizer).values():
                if isinstance(number, str) and number not in numbers:
                    raise ValueError(unknown(f"hyperparameter {of}:", number, numbers))
        _check_names(name, stage)
    _check_moments(name, stages)


def _check_moments(name: str, stages: Sequence[Stage]) -> None:
    kinds: dict[str, type] = {}
    for phase in (phase for stage in stages for phase in stage.phases):
        key, kind = phase.moments or phase.name, type(phase.optimizer)
        if kinds.setdefault(key, kind) is not kind:
            raise ValueError(f"{name}: phases of the moments {key} have optimizers of two kinds")


def check_patience(name: str, watched: str, settings: Collection[str]) -> None:
    """Raise ValueError where a detector has patience and watches nothing, or the reverse."""
    if ("patience" in settings) != bool(watched):
        has = "has a" if "patience" in settings else "has no"
        raise ValueError(
            f"{name} {has} hyperparameter patience, and its `watched` is {watched!r}: "
            "one needs the other"
        )


def _check_names(name: str, stage: Stage) -> None:
    for kind, names in (
        ("phases", [phase.name for phase in stage.phases]),
        ("draws", [draw.name for draw in stage.draws]),
    ):
        if len(set(names)) < len(names):
            raise ValueError(f"{name}: two {kind} of stage {stage.name} have one name: {names}")
