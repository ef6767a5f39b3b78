"""Hyperparameters that many detectors have, said once. Torch-free.

`source` says where a detector's own default and range come from.
"""

from collections.abc import Sequence

from models.hyperparameters import Hyperparameter

PROPOSED = "proposed here; the paper does not say"


def rate(
    default: float,
    source: str,
    *,
    name: str = "learning_rate",
    of: str = "",
    low: float = 1e-5,
    high: float = 1e-2,
) -> Hyperparameter:
    """The step size of an optimizer; `of` says of what it trains."""
    return Hyperparameter(
        name=name,
        default=default,
        low=low,
        high=high,
        log=True,
        meaning="the optimizer's step size" + (f" for {of}" if of else ""),
        source=source,
    )


def beta1(default: float, source: str) -> Hyperparameter:
    """Adam's beta1."""
    return Hyperparameter(
        name="beta1",
        default=default,
        low=0.0,
        high=0.95,
        meaning="Adam's memory of past gradients",
        source=source,
    )


def weight(
    name: str, default: float, low: float, high: float, meaning: str, source: str
) -> Hyperparameter:
    """The weight of a loss term: `<term>_weight`."""
    return Hyperparameter(
        name=f"{name}_weight",
        default=default,
        low=low,
        high=high,
        log=low > 0 and high / low > 10,
        meaning=f"weight of {meaning}",
        source=source,
    )


def weight_decay(
    default: float, source: str, *, name: str = "weight_decay", low: float = 1e-8, high: float = 0.1
) -> Hyperparameter:
    """The L2 penalty on weights, as a part of the gradient."""
    return Hyperparameter(
        name=name,
        default=default,
        low=low,
        high=high,
        log=True,
        meaning="the share of each weight that is added to its gradient",
        source=source,
    )


def number(  # noqa: PLR0913
    name: str,
    default: float,
    low: float,
    high: float,
    meaning: str,
    source: str,
    *,
    log: bool = False,
    structural: bool = False,
) -> Hyperparameter:
    """Any number; whole numbers where the default is one."""
    return Hyperparameter(
        name=name,
        default=default,
        low=low,
        high=high,
        log=log,
        structural=structural,
        meaning=meaning,
        source=source,
    )


def word(
    name: str, default: str, choices: Sequence[str], meaning: str, source: str
) -> Hyperparameter:
    """One of some words; it shapes code, so lanes share it."""
    return Hyperparameter(
        name=name,
        default=default,
        choices=tuple(choices),
        structural=True,
        meaning=meaning,
        source=source,
    )


def augmentation(source: str) -> Hyperparameter:
    """What `augmented` does to the images of a step; nothing by default."""
    return word(
        "augmentation",
        "none",
        ("none", "flip", "flip+rot"),
        "of training images: flip, mirrored left to right; flip+rot, turned by 90 degrees too",
        source,
    )


def score(default: str, choices: Sequence[str], meaning: str, source: str) -> Hyperparameter:
    """Which part or sum of parts is an image's score; choosing another needs no other code."""
    return Hyperparameter(
        name="score", default=default, choices=tuple(choices), meaning=meaning, source=source
    )


def batch_normals(default: int, source: str, *, low: int = 2) -> Hyperparameter:
    """Normal images in a step."""
    return number(
        "batch_normals", default, low, 1024, "normal images in a training step", source,
        structural=True,
    )  # fmt: skip


def batch_anomalies(default: int, source: str, *, low: int = 2) -> Hyperparameter:
    """Known anomalies in a step."""
    return number(
        "batch_anomalies",
        default,
        low,
        1024,
        "known anomalies in a training step, drawn with repetition",
        source,
        structural=True,
    )


def width(default: int, source: str, *, low: int = 2, high: int = 256) -> Hyperparameter:
    """Base channels."""
    return number(
        "width",
        default,
        low,
        high,
        "base channels: those of the first layer; deeper ones have multiples of it",
        source,
        structural=True,
    )


def latent(default: int, source: str, *, low: int = 2, high: int = 1024) -> Hyperparameter:
    """The length of a latent vector."""
    return number(
        "latent", default, low, high, "numbers of a latent vector", source,
        log=True, structural=True,
    )  # fmt: skip


def discriminator_steps(default: int, source: str) -> Hyperparameter:
    """Discriminator steps to one of the generator, each on a batch of its own."""
    return number(
        "discriminator_steps",
        default,
        1,
        10,
        "batches on each of which the discriminator learns, to one on which the generator does",
        source,
        structural=True,
    )


def average(default: float, source: str) -> Hyperparameter:
    """What `Stage.average` names."""
    return number(
        "average",
        default,
        0.0,
        0.999,
        "decay of the average over steps of the weights that images are scored with; 0 is none",
        source,
    )


def adversarial(default: str, choices: Sequence[str], source: str) -> Hyperparameter:
    """The adversarial loss, by a name in `models.losses.adversarial`."""
    known = {"bce": "cross entropy", "lsgan": "least squares", "hinge": "margins of 1"}
    which = "; ".join(f"{choice}, {known[choice]}" for choice in choices)
    meaning = f"loss of discriminator and generator: {which}"
    return word("adversarial", default, choices, meaning, source)


def activation() -> Hyperparameter:
    """The activations of the strided pyramids."""
    return word(
        "activation",
        "leaky",
        ("leaky", "tanh"),
        "leaky: leaky ReLU in the encoder, ReLU in the decoder; tanh: tanh in both",
        "leaky: DCGAN; tanh: Kim et al. 2020, released code",
    )


def initialisation(default: str, source: str) -> Hyperparameter:
    """The weights that training begins with."""
    return word(
        "initialisation",
        default,
        ("fan-in", "dcgan"),
        "of the weights: fan-in is torch's own, dcgan that of DCGAN",
        source,
    )


def patience(default: int, source: str) -> Hyperparameter:
    """How long training goes on without gain."""
    return number(
        "patience",
        default,
        1,
        1000,
        "epochs without a lower error of validation normals after which training rests",
        source,
        log=True,
    )
