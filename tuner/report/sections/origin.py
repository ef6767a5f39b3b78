"""Where it all comes from: data, versions, seed, and the command that repeats it."""

import platform
from collections.abc import Iterator, Mapping

from models.data.sources import DataProblem
from models.data.split import Split, load_splits
from tuner.figures.metrics import is_made
from tuner.report.commands import repeat_commands
from tuner.report.material import Material
from tuner.report.section import Section
from tuner.results.files import data_sentence
from tuner.space import space_text
from tuner.versions import installed

_PACKAGES = ("tuner", "ray", "torch", "optuna")


def section(material: Material) -> Section:
    """Data, digest, versions, seed, commands and the space file itself."""
    splits = _splits(material)
    return Section(
        key="origin",
        title="Data and origin",
        sentence=_sentence(material, splits),
        context={
            "uses": list(_uses(material, splits)),
            "facts": list(_facts(material)),
            "commands": repeat_commands(material),
            "space": space_text(material.space),
            "note": data_sentence(material.space),
        },
    )


def _sentence(material: Material, splits: tuple[Split, ...]) -> str:
    data = material.space.data
    where = data.folder if data.dataset == "folder" and data.folder else data.dataset
    fit = f"{len(splits[0].fit_normals):,} normal images of {where}" if splits else where
    detector = material.space.detector
    fitted = f"The detector {detector} was fitted on {fit}"
    return f"{fitted}." if material.under_way else f"{fitted}; these commands repeat the search."


def _splits(material: Material) -> tuple[Split, ...]:
    try:
        return load_splits(material.folder.split)
    except (DataProblem, FileNotFoundError):
        return ()


def _uses(material: Material, splits: tuple[Split, ...]) -> Iterator[tuple[str, str, str, str]]:
    """What is used for what: a split, its normal images, its anomalies, what it decides."""
    for split in splits:
        name = (
            f" ({', '.join(split.class_names[c] for c in split.normal_classes)} normal)"
            if len(splits) > 1
            else ""
        )
        made = (
            "synthetic, made of the normal ones"
            if material.synthetic
            else f"{len(split.validation_anomalies):,}"
        )
        yield (
            f"fit{name}",
            f"{len(split.fit_normals):,}",
            f"{len(split.fit_anomalies):,}",
            "training",
        )
        yield (
            f"validation{name}",
            f"{len(split.validation_normals):,}",
            made,
            "epochs, trials, thresholds",
        )
    metrics = material.metrics
    if metrics is not None and "splits" in metrics:
        test = metrics["splits"]["test"]
        made = ", synthetic" if is_made(metrics) else ""
        normals = test["images"] - test["anomalous"]
        yield (
            "test",
            f"{normals:,}",
            f"{test['anomalous']:,}{made}",
            "the test figures, nothing else",
        )


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    yield "search seed", str(material.space.sampler.seed)
    metrics = material.metrics or {}
    seeds = metrics.get("configuration", {}).get("seeds", [])
    if seeds:
        yield "seeds of the retrain", ", ".join(map(str, seeds))
    openings = metrics.get("openings")
    if openings:
        yield (
            "openings of the test split",
            f"{openings['of_configuration']} for this configuration, {openings['of_task']} for "
            "these images by any",
        )
    provenance = material.history.provenance
    digests = {
        "digest of the split": provenance.split_digest,
        "of the images": provenance.images_digest,
    }
    yield from ((name, digest) for name, digest in digests.items() if digest)
    if provenance.code:
        yield "versions of the search", _listed(provenance.code)
    if "versions" in metrics:
        yield "versions of the retrain", _listed(metrics["versions"])
    here = {"python": platform.python_version(), **installed(_PACKAGES)}
    yield "versions that wrote this report", _listed(here)
    yield "run", material.folder.name


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
