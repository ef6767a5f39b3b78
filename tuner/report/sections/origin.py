"""Where it all comes from: data, versions, seed, and the command that repeats it."""

import platform
from collections.abc import Iterator, Mapping
from typing import Any

from models import detectors
from models.data.sources import DataProblem
from models.data.split import Split, load_splits
from tuner.cli.text import counted
from tuner.figures.metrics import is_made
from tuner.figures.task import dataset_title
from tuner.figures.words import opened_times
from tuner.record.events import DriverStarted
from tuner.report.commands import repeat_commands
from tuner.report.material import Material
from tuner.report.section import Section
from tuner.report.words import listed
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
            "same": _same_again(material),
            "space": space_text(material.space),
            "notes": list(filter(None, [_known(material), _fewer(material, splits)])),
        },
    )


def _sentence(material: Material, splits: tuple[Split, ...]) -> str:
    where = dataset_title(material.space.data)
    fit, anomalies = f"images of {where}", ""
    if splits:
        fit = f"{len(splits[0].fit_normals):,} normal images of {where}"
        known = len(splits[0].fit_anomalies)
        seen = known and detectors.learns_anomalies(material.space.detector)
        anomalies = f" and {counted(known, 'known anomaly', 'known anomalies')}" if seen else ""
    return (
        f"The detector {material.space.detector} was fitted on {fit}{anomalies}; no test image "
        "fitted or chose anything."
    )


def _known(material: Material) -> str:
    """What the anomalies of fit are, beside those of test."""
    data = material.space.data
    if not detectors.learns_anomalies(material.space.detector) or not data.anomalies_per_normal:
        return "No anomaly is seen in training."
    drawn = (
        f"The known anomalies of fit, {data.anomalies_per_normal:g} to a normal image, come in "
        f"equal numbers from {counted(data.clusters, 'group')} of similar images (K-Means "
        "clusters)."
    )
    if data.known_classes:
        kinds = listed(list(map(str, data.known_classes)))
        return f"{drawn} They are of {kinds} alone: test has kinds that training has not seen."
    return f"{drawn} They are of the kinds that test has too, but are other images."


def _fewer(material: Material, splits: tuple[Split, ...]) -> str:
    """Why validation is smaller than the space file has it."""
    data = material.space.data
    for split in splits:
        there = (len(split.validation_normals), len(split.validation_anomalies))
        labelled = data.validation == "labelled"
        few = labelled and there[1] < data.validation_anomalies
        if there[0] < data.validation_normals or few:
            return (
                "Validation is smaller than the space file allows, at most "
                f"{data.validation_normals:,} normal and {data.validation_anomalies:,} anomalous "
                "images: there are no more to hold out."
            )
    return ""


def _same_again(material: Material) -> str:
    """Whether a repeated search comes to the same."""
    slots = [one.slots for one in material.events if isinstance(one, DriverStarted)]
    if slots == [1]:
        return (
            "One trial runs at a time: with the same versions on the same machine the search comes "
            "to the same result."
        )
    return (
        "The result will be similar, not the same: several trials run at a time, and which "
        "settings are tried next depends on which of them ends first."
    )


def _splits(material: Material) -> tuple[Split, ...]:
    try:
        return load_splits(material.folder.split)
    except (DataProblem, FileNotFoundError):
        return ()


def _uses(material: Material, splits: tuple[Split, ...]) -> Iterator[tuple[str, str, str, str]]:
    """What is used for what: a split, its normal images, its anomalies, what it decides."""
    mixture = ", fitting the mixture of the score" if _is_mixed(material) else ""
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
            "choosing epochs and trials, setting thresholds" + mixture,
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


def _is_mixed(material: Material) -> bool:
    """Whether a score's weights are fitted on validation."""
    scores = [trial.hyperparameters.get("score") for trial in material.trials]
    return "mixture" in [*scores, material.space.fixed.get("score")]


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    yield "search seed", str(material.space.sampler.seed)
    metrics = material.metrics or {}
    seeds = metrics.get("configuration", {}).get("seeds", [])
    if seeds:
        yield "seeds of the retrain", ", ".join(map(str, seeds))
    openings = metrics.get("openings")
    if openings:
        of_configuration, of_task = opened_times(openings)
        yield (
            "the test images were scored",
            f"{of_configuration} for this configuration, "
            f"{of_task} for these images by any configuration",
        )
    provenance = material.history.provenance
    digests = {
        "checksum of the split": provenance.split_digest,
        "checksum of the images": provenance.images_digest,
    }
    yield from ((name, digest) for name, digest in digests.items() if digest)
    yield from _versions(material, metrics)
    yield "run", material.folder.name


def _versions(material: Material, metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of search, retrain and report. Our own code is told by a checksum of its files."""
    code = dict(material.history.provenance.code)
    own = code.pop("tuner", "")
    if code:
        yield "versions of the search", _listed({**code, "tuner code": own} if own else code)
    if "versions" in metrics:
        versions = dict(metrics["versions"])
        there = versions.pop("code", "")
        same = " (the same as the search's)" if there == own else " (not the search's)"
        same = same if own else ""
        told = {**versions, "tuner code": f"{there}{same}"} if there else versions
        yield "versions of the retrain", _listed(told)
    here = {"python": platform.python_version(), **installed(_PACKAGES)}
    yield "versions that wrote this report", _listed(here)


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
