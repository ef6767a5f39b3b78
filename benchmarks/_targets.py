"""What the figures are meant to reach, and both side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ge, le

from models import detectors


@dataclass(frozen=True, kw_only=True)
class Target:
    """A figure's limit: a number, or a multiple of another figure of the same run.

    With `where` it is set only for machines for which that figure of the run is not 0.
    """

    at_least: float | None = None
    at_most: float | None = None
    times: str = ""
    where: str = ""

    def reached(self, value: float, figures: Mapping[str, float]) -> bool | None:
        """Whether `value` keeps to the limit; None where there is none or it is not known."""
        if self.where and not figures.get(self.where):
            return None
        if self.times and self.times not in figures:
            return None
        compare = ge if self.at_least is not None else le
        return bool(compare(value, self._limit * (figures[self.times] if self.times else 1)))

    def __str__(self) -> str:
        sign = ">=" if self.at_least is not None else "<="
        times = f" x {self.times}" if self.times else ""
        where = f" where {self.where}" if self.where else ""
        return f"{sign} {self._limit:g}{times}{where}"

    @property
    def _limit(self) -> float:
        limit = self.at_least if self.at_least is not None else self.at_most
        assert limit is not None, "a target needs at_least or at_most"
        return limit


_TRAINED = tuple(name.replace("-", "_") for name in detectors.names() if detectors.stages(name))

TARGETS: dict[str, dict[str, Target]] = {
    "search": {
        "ratio_to_guide": Target(at_least=2.5),
        "first_result_s": Target(at_most=0.5, times="guide_first_result_s"),
        "best_validation_auroc_by_error": Target(at_least=1, times="guide_best_validation_auroc"),
    },
    "training": {
        "images_per_s_16": Target(at_least=1300, where="bfloat16"),
        "ganomaly_ratio_training": Target(at_least=2),
        "ganomaly_ratio_scoring": Target(at_least=3),
    },
    "detectors": {f"ratio_{name}": Target(at_least=0.95) for name in _TRAINED},
    "fuzz": {
        "cases": Target(at_least=12_000),
        "tracebacks": Target(at_most=0),
        "over_2s": Target(at_most=0),
        "wrong": Target(at_most=0),
        "largest_mb": Target(at_most=200),
    },
    "overhead": {
        "ms_per_trial_100": Target(at_most=90),
        "ms_per_trial_1000": Target(at_most=85),
        "suggest_p99_ms_5000": Target(at_most=150),
    },
    "packing": {
        "speedup_vs_serial": Target(at_least=10),
        "speedup_vs_processes": Target(at_least=3),
        "speedup_graph_vs_eager": Target(at_least=2.5),
        "speedup_vs_serial_8": Target(at_least=1.3),
        "speedup_vs_serial_32": Target(at_least=0.95),
    },
    "own_images": {"total_s": Target(at_most=900)},
    "loading": {"second_start_s": Target(at_most=2)},
    "score": {
        "images_per_s": Target(at_least=1500),
        "memory_growth_mb": Target(at_most=50),
    },
    "report": {
        "write_s": Target(at_most=20),
        "open_s": Target(at_most=3),
        "megabytes": Target(at_most=15),
    },
    "startup": {
        "help_s": Target(at_most=0.5),
        "first_epoch_s": Target(at_most=20, where="bfloat16"),
    },
    "chaos": {
        "faults": Target(at_least=300),
        "results_lost": Target(at_most=0),
        "results_twice": Target(at_most=0),
        "curves_equal": Target(at_least=1),
        "replay_exact": Target(at_least=1),
        "processes_left": Target(at_most=0),
    },
    "damage": {
        "cases": Target(at_least=150),
        "tracebacks": Target(at_most=0),
        "silently_wrong": Target(at_most=0),
    },
    "mutants": {
        "mutants": Target(at_least=150),
        "caught_share": Target(at_least=0.95),
        "equivalent_share": Target(at_most=0.1),
    },
    "quality": {
        "quickstart_test_auroc_mean": Target(at_least=0.970),
        "lossweights_test_auroc_mean": Target(at_least=0.974),
        "lossweights_search_s": Target(at_most=900),
    },
    "search_quality": {
        "ratio_to_random_8": Target(at_most=1 / 5),
        "ratio_to_hyperband_8": Target(at_most=1 / 2),
        "ratio_to_tune_8": Target(at_most=2 / 3),
        "configurations": Target(at_least=500),
    },
    "quickstart": {
        "total_s": Target(at_most=600),
        "search_s": Target(at_most=240),
        "trials": Target(at_least=16),
    },
}


def figure_table(benchmark: str, figures: Mapping[str, float]) -> list[str]:
    """Lines of a table with a row for each figure."""
    rows = [("figure", "value", "target", "reached"), *figure_rows(benchmark, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_line(row, widths) for row in rows]


def figure_rows(
    benchmark: str, figures: Mapping[str, float]
) -> Sequence[tuple[str, str, str, str]]:
    """Name, value, target, and whether it was reached; the last two empty without a target."""
    targets = TARGETS.get(benchmark, {})
    rows = []
    for name, value in figures.items():
        target = targets.get(name)
        reached = target.reached(value, figures) if target else None
        said = {None: "", True: "yes", False: "no"}[reached]
        rows.append((name, value_text(value), str(target or ""), said))
    return rows


def value_text(value: float) -> str:
    """Four decimals below 2, one above, none for whole numbers."""
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.4f}" if abs(value) < 2 else f"{value:.1f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, target, reached = row
    cells = (
        name.ljust(widths[0]),
        value.rjust(widths[1]),
        target.ljust(widths[2]),
        reached.ljust(widths[3]),
    )
    return "  ".join(cells).rstrip()
