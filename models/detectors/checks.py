"""What a detector says of itself, held together before it trains."""

from collections.abc import Collection, Sequence

from models.detectors.stage import Stage
from models.names import unknown
from models.stages import Shares


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


def _check_names(name: str, stage: Stage) -> None:
    for kind, names in (
        ("phases", [phase.name for phase in stage.phases]),
        ("draws", [draw.name for draw in stage.draws]),
    ):
        if len(set(names)) < len(names):
            raise ValueError(f"{name}: two {kind} of stage {stage.name} have one name: {names}")
