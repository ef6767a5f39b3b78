"""Write benchmarks/README.md from benchmarks/results/*.json.

python benchmarks/table.py
"""

import json
from pathlib import Path
from typing import Any

from _targets import TARGETS, figure_rows

HERE = Path(__file__).parent
HEAD = """\
# Benchmarks

Made by `python benchmarks/table.py` from `results/`, which holds the latest figures of each script
on each machine. Run one at a time, with nothing else on the machine; times are wall-clock.

A number at a name's end is base channels in `training` and `packing`, trials in `overhead`.
`guide_` is the search as Ray Tune's guide shows it; `bare_` is Tune without sampler, record and
scheduler of ours; `plain_` Tune with OptunaSearch and a worker a trial; `pace_ms_at_n` the time of
a trial around the n-th. `suggest_p50_ms` and `_p99_ms` are what half and 99% of the sampler's
suggestions took at most; `driver_mb` the search's own process at its largest, `driver_growth_mb`
how much of that came after its start. `gflops_matmul` is a product of two 1024 x 1024 matrices on
the same core: what the processor can do. `_by_error` is scored by the reconstruction error alone,
as the guide's search is, where ours is scored by the mixture: these two are compared. `quoted` was
not run here.
Of `chaos`, `results_lost` and `results_twice` are what the record had and lost or has twice;
`epochs_lost` were trained to their end and not recorded, and trained again; `failed` are trials,
`training_share` is the part of both cores' time that recorded epochs took, the rest being starts,
pauses and epochs cut off; `raylet_noticed_s` the longest that a driver needed to leave without its
raylet; the last rows are the faults by kind.
Of `label_free`, `_spearman` is a criterion's rank correlation with the validation AUROC of true
labels, with its 95% interval; `_test` the test AUROC of the configuration that the criterion
picks, `best_` the one that the true labels pick; `_lost` how much less that is in the mean. Of
`mvtec`, `ae` is the autoencoder, `gan` the two-discriminator GAN with known defects; both have PCA
beside them on the same test images, which are others for the two.
Of `search_quality`, a ratio is the trial-epochs of ours to those of another way to search, medians
at 8 workers, to find the 95th or the 99th percentile of a table's configurations; without a number,
the worst of both and of all tables. `near_` counts those configurations alone that lie as near to a
recorded one as half of random ones do. `tpe` and `tpe_qmc` are ours with another sampler, `asha` is
ASHA on random draws, `tenth` keeps the best tenth after an epoch. `scaling` is how many times
sooner so many workers find the 99th than one, `missed` how many of 30 searches did not find it. A
ratio of 99 says that ours misses it in half of the seeds, one of 0 that the other does.
`shown_ahead_of` and `shown_behind` count, of the six targets, those where the ratio's 95% interval
over the seeds lies below and above 1.
Of `real_search`, `_ahead_` counts the seeds in which ours ended higher than Tune's own search; a
search on bottle has half of the `minutes`.
Of `published`, every row stands in [published.md](published.md), the systems' papers beside it.
A script without a section has no recorded figures yet.

| script | what it measures |
|---|---|
"""
ROW = "| {} |"


def main() -> None:
    results = [json.loads(path.read_text()) for path in sorted((HERE / "results").glob("*.json"))]
    scripts = [f"| `{path.name}` | {_about(path)} |" for path in _scripts()]
    parts = [HEAD + "\n".join(scripts)]
    parts += [_section(result) for result in sorted(results, key=_order)]
    (HERE / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _scripts() -> list[Path]:
    paths = sorted(HERE.glob("[a-z]*.py"))
    return [path for path in paths if path.name != Path(__file__).name]


def _about(path: Path) -> str:
    """The first line of the script's docstring."""
    return path.read_text(encoding="utf-8").lstrip('"').split("\n", 1)[0].strip('"')


def _order(result: dict[str, Any]) -> tuple[int, str, str]:
    """As the targets stand, then what has none."""
    known = list(TARGETS)
    name = result["benchmark"]
    return (known.index(name) if name in known else len(known), name, result["device"])


def _section(result: dict[str, Any]) -> str:
    name = result["benchmark"]
    versions = ", ".join(f"{key} {value}" for key, value in result["versions"].items())
    rows = [
        ("figure", "value", "target", "reached"),
        ("---", "--:", "---", "---"),
        *figure_rows(name, result["figures"]),
    ]
    return "\n".join(
        [
            f"## {name}: {_machine(result)}",
            "",
            f"{result['date'][:10]}, `{result['command']}`, {versions}",
            "",
            *(ROW.format(" | ".join(row)) for row in rows),
        ]
    )


def _machine(result: dict[str, Any]) -> str:
    """The device, and what else of the machine decides how fast it is."""
    machine = result.get("machine", {})
    said = [result["device"]]
    if "cores" in machine:
        said.append(f"{machine['cores']} cores")
    if "bfloat16" in machine:
        said.append("with bfloat16" if machine["bfloat16"] else "without bfloat16")
    return ", ".join(said)


if __name__ == "__main__":
    main()
