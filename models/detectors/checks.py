"""What a detector says of itself, held together before it trains."""

from collections.abc import Collection

from models.detectors.base import Detector
from models.names import unknown


def check_phases(
    name: str, detector: Detector, networks: Collection[str], numbers: Collection[str]
) -> None:
    """Raise ValueError where a phase names a network or a number that the detector has not."""
    for phase in detector.phases:
        of = f"of {name}, named by its phase {phase.name}"
        for network in phase.trains:
            if network not in networks:
                raise ValueError(unknown(f"network {of}:", network, networks))
        for rate in (phase.learning_rate, phase.beta1):
            if rate not in numbers:
                raise ValueError(unknown(f"hyperparameter {of}:", rate, numbers))
