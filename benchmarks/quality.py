"""How good the retrained best is on the official test images, by the real commands.

    python benchmarks/quality.py                    # both spaces
    python benchmarks/quality.py --only quickstart
    python benchmarks/quality.py --reuse            # with the searches that runs/ holds

For each space: search, then retrain the best, the published defaults and the baselines, with as
many epochs and seeds for all. The supervised CNN is quoted, not run.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from _running import ROOT, finish, is_standard, run

from tuner.figures.metrics import BEST, DEFAULTS, PCA, keyed_blocks
from tuner.record.history import History
from tuner.record.journal import read_journal
from tuner.record.run_folder import RunFolder
from tuner.space import load_space

SPACES = {
    "quickstart": ["--space", "search_spaces/quickstart.yaml"],
    "lossweights": ["--space", "search_spaces/lossweights.yaml", "--set", "scale=cpu"],
}
SEEDS = 3
SUPERVISED_CNN = 0.970
"""Test AUROC on T-shirt/top of a supervised CNN on 6,000 normals and 540 anomalies: a figure of
the project's beginnings, without a script here, and so shown as quoted."""


def main() -> None:
    given = _options().parse_args()
    figures: dict[str, float] = {}
    for name in [given.only] if given.only else SPACES:
        _search(name, given)
        found = _searched(_folder(name, given)) | _figures(_metrics(name, given))
        figures |= {f"{name}_{key}": value for key, value in found.items()}
    figures["supervised_cnn_test_auroc_quoted"] = SUPERVISED_CNN
    finish("quality", figures, standard=not given.only and is_standard(given.overrides))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = options.add_argument
    add("--only", choices=tuple(SPACES))
    add("--reuse", action="store_true", help="take searches and reports that are there")
    add("--runs", type=Path, default=ROOT / "runs", metavar="FOLDER", help="default: runs")
    add("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    return options


def _search(name: str, given: argparse.Namespace) -> None:
    """Make `runs/quality-<name>`, unless a search that is there is taken."""
    folder = _folder(name, given)
    if folder.path.exists() and not given.reuse:
        raise SystemExit(f"{folder} exists: take it with --reuse, or remove it")
    if given.reuse and folder.best.exists():
        return
    where = ["--runs", _typed(given.runs), "--name", folder.name]
    resume = ["--resume"] if folder.path.exists() else []
    run(["-m", "tuner.search", *SPACES[name], *where, *resume, *_sets(given)])


def _searched(folder: RunFolder) -> dict[str, float]:
    """What the record says of the search; its seconds are those of its drivers, without imports."""
    data, history = load_space(folder.space).data, History(read_journal(folder.journal))
    return {
        "search_s": history.seconds,
        "trials": len(history.trials),
        "anomalies_per_normal": data.anomalies_per_normal,
        "clusters": data.clusters,
    }


def _metrics(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """The report of a retrain of `runs/quality-<name>`."""
    folder = _folder(name, given)
    report = folder.metrics
    stored = json.loads(report.read_text()) if given.reuse and report.exists() else {}
    if DEFAULTS not in stored or PCA not in stored["baselines"]:
        search = ["--search", _typed(folder.path)]
        run(["-m", "tuner.retrain", *search, "--seeds", str(SEEDS), "--published"])
    metrics: dict[str, Any] = json.loads(report.read_text())
    return metrics


def _figures(metrics: dict[str, Any]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for key, block in keyed_blocks(metrics).items():
        prefix = "" if key == BEST else f"{key.replace('-', '_')}_"
        test, gap = block["test"]["auroc"], block["validation_minus_test"]["auroc"]
        figures[f"{prefix}test_auroc_mean"] = test["mean"]
        figures[f"{prefix}test_auroc_std"] = test["std"]
        figures[f"{prefix}validation_minus_test"] = gap["mean"]
    configuration = metrics["configuration"]
    return figures | {
        "epochs": configuration["epochs"],
        "seeds": len(configuration["seeds"]),
    }


def _folder(name: str, given: argparse.Namespace) -> RunFolder:
    return RunFolder(given.runs / f"quality-{name}")


def _sets(given: argparse.Namespace) -> list[str]:
    return [word for override in given.overrides for word in ("--set", override)]


def _typed(folder: Path) -> str:
    folder = folder.absolute()
    return str(folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder)


if __name__ == "__main__":
    main()
