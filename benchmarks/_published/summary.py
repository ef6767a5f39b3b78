"""The figures at the head of the results: the rows that a reader asks for first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from _published.rows import Entry

MEAN = "mean of ten"
GAIN = "gain of the search"
ABOVE_OTHERS = "AUROC above the others' mean"
OF_BEST, OF_DEFAULTS = "AUROC of the best", "AUROC of the defaults"
_STANDARD_ERRORS = 2
_NO_DETECTOR = ("flagging_all", "flagging_none")
ROUNDING = 1e-3
"""Of the F1 of flagging every image or none, as it stands in a row."""


def summary(rows: Sequence[Entry], *, declared: int) -> dict[str, float]:
    """The figures by name; one whose rows are not there yet is left out.

    Rows without runs of their own are no measurement, whatever they reach.
    """
    there = [row for row in rows if row["ours"] is not None]
    measured = [row for row in there if has_runs(row)]
    aimed = [row for row in measured if reached(row) is not None]
    figures: dict[str, float | None] = {
        "rows": declared,
        "rows_measured": len(measured),
        "rows_aimed": len(aimed),
        "rows_reached": sum(bool(reached(row)) for row in aimed),
        "rows_without_runs": len(there) - len(measured),
        "tshirt_unet": _one(rows, _is("U-Net GAN, searched", "T-shirt/top", "AUROC")),
        **{
            f"{name}_mean": _one(rows, _is("U-Net GAN", MEAN, "AUROC", data, "P1, 1:10"))
            for name, data in (
                ("fashion_mnist", "FashionMNIST"),
                ("mnist", "MNIST"),
                ("cifar10", "CIFAR-10"),
            )
        },
        **{
            f"omasgan_mnist_{digit}": _one(
                rows, _is("OMASGAN, f-GAN", str(digit), "AUROC", "MNIST", "P3")
            )
            for digit in range(4)
        },
        "egbad_over_ganomaly": _egbad_over_ganomaly(rows),
        **_searched(rows),
    }
    return {name: round(float(value), 4) for name, value in figures.items() if value is not None}


def has_runs(row: Entry) -> bool:
    """Whether it was made by runs of its own: not computed, nor taken from another script."""
    return bool(row["scale"])


def limit_of(row: Entry) -> float | None:
    """What a row is to reach: what the project set itself, else a published value to compare."""
    own: float | None = row["at_least"]
    return own if own is not None else quoted(row)


def quoted(row: Entry) -> float | None:
    """The published value, where it can be compared with ours."""
    published: float | None = row["published"] if row["comparable"] else None
    return published


def reached(row: Entry) -> bool | None:
    """Whether a row reaches its limit; None without a figure, or without a limit to compare with.

    An F1 that is no better than flagging every image, or none, reaches nothing; where the lowest of
    the draws is known, it counts.
    """
    limit, ours = limit_of(row), row["ours"]
    if limit is None or ours is None:
        return None
    of_none: list[float] = [row["more"][name] for name in _NO_DETECTOR if name in row["more"]]
    lowest = row["more"].get("lowest", ours)
    return bool(ours >= limit and all(lowest > each + ROUNDING for each in of_none))


def _is(
    system: str, one_of: str, metric: str, data: str = "", protocol: str = ""
) -> Callable[[Entry], bool]:
    def fits(row: Entry) -> bool:
        return (
            (row["system"], row["class"], row["metric"]) == (system, one_of, metric)
            and data in ("", row["data"])
            and protocol in ("", row["protocol"])
        )

    return fits


def _one(rows: Sequence[Entry], fits: Callable[[Entry], bool]) -> float | None:
    return next((row["ours"] for row in rows if fits(row)), None)


def _egbad_over_ganomaly(rows: Sequence[Entry]) -> float | None:
    """1 if EGBAD's mean AUPRC lies above GANomaly's on both sets, leaving one class out."""
    verdicts = []
    for data in ("MNIST", "FashionMNIST"):
        found = [
            _one(rows, _is(system, MEAN, "AUPRC", data, "P3")) for system in ("EGBAD", "GANomaly")
        ]
        if None in found:
            return None
        egbad, ganomaly = (value or 0.0 for value in found)
        verdicts.append(egbad > ganomaly)
    return float(all(verdicts))


def _searched(rows: Sequence[Entry]) -> dict[str, float]:
    gains = [row for row in rows if row["metric"] == GAIN and row["ours"] is not None]
    return {
        "searched": len(gains),
        "search_gain_significant": sum(significance(row) > 0 for row in gains),
        "search_loss_significant": sum(significance(row) < 0 for row in gains),
    }


def significance(row: Entry) -> int:
    """1 for a gain of more than two standard errors, -1 for a loss of as much, else 0."""
    limit = _STANDARD_ERRORS * row["more"]["standard_error"]
    return int(row["ours"] > limit) - int(row["ours"] < -limit)
