"""OMASGAN: both its forms leaving one class out, its comparison set, and what its parts add."""

from __future__ import annotations

from _published.document import Document, Line, MadeRows
from _published.documents.common import LEFT_OUT, TITLES, about, classes, leave_one_out, merged
from _published.documents.survey import rows_of
from _published.figures import Pick, diverged, noted, on_test, over_seeds, validation_gap
from _published.omasgan_figures import gain_over_others, of_part
from _published.rows import Figure, Row
from _published.runs import Training
from _published.summary import ABOVE_OTHERS, MEAN
from models import detectors

NAME = "OMASGAN"
FORMS = {"OMASGAN, f-GAN": "f-gan", "OMASGAN, KLWGAN": "klwgan"}
PUBLISHED = {"mnist": (0.752, 0.796, 0.859, 0.813), "cifar-10": (0.707, 0.728, 0.748)}
"""AUROC of the released scores, for the first classes left out."""
GAIN = {"mnist": 0.24, "cifar-10": 0.07}
"""Of the abstract, over the other models' mean."""
OTHERS = {
    "VAE": "vae",
    "AnoGAN": "anogan",
    "EGBAD": "egbad",
    "GANomaly": "ganomaly",
    "FenceGAN": "fencegan",
    "MinLGAN": "minlgan",
    "BDSG": "bdsg",
    "TailGAN": "tailgan",
    "OGNet": "ognet",
    "Deep SVDD": "deep-svdd",
}
IN_SURVEY = ("VAE", "AnoGAN", "EGBAD", "GANomaly", "FenceGAN", "OGNet", "Deep SVDD")
"""Whose rows on MNIST stand in the survey's table."""
PARTS = {"G alone": "discriminator", "G' alone": "divergence", "J alone": "judge"}
EPOCHS, NORMALS, WIDTH = 16, 3000, 16
AT_SCALE = {"width": WIDTH, "bank": 256, "batch_normals": 16, "score": "tuned"}
"""So few epochs of so few images are too few steps in batches of 64: on MNIST without 0 the judge
alone has validation AUROC 0.40 then, and 0.70 in batches of 16. The released code's score is the
judge alone; with `tuned`, validation says how much of the critic is added to it."""
_SMALLER = (
    "Published settings but for the scale and batches of 16 in place of 64, for more steps; how "
    "much of the critic is added to the judge is chosen on validation, with labels. One training "
    "each, whose validation AUROC moves by tenths from epoch to epoch."
)
_OPENED = {
    "0": "With batches of 64 and the published score an earlier training had 0.265: the test "
    "images of this digit were opened twice. Both were changed for what validation said: in "
    "batches of 64 the judge alone has 0.40 there, in batches of 16 0.70."
}


def training(form: str, dataset: str, left_out: str) -> Training:
    """A form's published settings, at the smaller scale."""
    own = merged(detectors.published("omasgan")[form], AT_SCALE)
    counts = {"fit_normals": NORMALS, "validation_normals": 600, "validation_anomalies": 600}
    return Training(
        detector="omasgan",
        data=leave_one_out(dataset, left_out, **counts),
        settings=own,
        epochs=EPOCHS,
    )


def _row(  # noqa: PLR0913
    system: str,
    dataset: str,
    one_of: str,
    runs: tuple[Training, ...],
    figure: Figure,
    *,
    metric: str = "AUROC",
    published: float | None = None,
    differs: str = "",
) -> Row:
    return Row(
        document=NAME,
        system=system,
        data=TITLES[dataset],
        protocol=LEFT_OUT,
        one_of=one_of,
        metric=metric,
        runs=runs,
        figure=figure,
        published=published,
        differs=differs,
    )


_AUROC: Pick = on_test("auroc")
_OVER_SEEDS = noted(over_seeds(_AUROC), diverged)
_WITH_GAP = noted(_OVER_SEEDS, validation_gap)


def _form_rows(system: str, dataset: str) -> list[Row]:
    runs = {name: training(FORMS[system], dataset, name) for name in classes(dataset)}
    everything = tuple(runs.values())
    known = dict(zip(runs, PUBLISHED[dataset], strict=False))
    released = (
        "Published: recomputed from the released scores, which are of a part of the images; of "
        "which form they are is not said."
    )
    rows = [
        _row(
            system,
            dataset,
            name,
            (run,),
            _OVER_SEEDS,
            published=known.get(name),
            differs=_about_class(system, name, released if name in known else ""),
        )
        for name, run in runs.items()
    ]
    note = about(dataset, f"Published as a bar chart without numbers. {_SMALLER}")
    mean = _row(system, dataset, MEAN, everything, _WITH_GAP, differs=note)
    ablation = [
        _row(f"{system}, {part}", dataset, MEAN, everything, of_part(name))
        for part, name in PARTS.items()
    ]
    return [*rows, mean, *ablation]


def _about_class(system: str, name: str, released: str) -> str:
    opened = _OPENED.get(name, "") if FORMS[system] == "f-gan" else ""
    return " ".join(text for text in (released, opened) if text)


def _gain_row(system: str, dataset: str) -> Row:
    own = tuple(training(FORMS[system], dataset, name) for name in classes(dataset))
    others = tuple(
        run
        for row in _other_rows(dataset, tuple(OTHERS))
        if row.one_of == MEAN and row.metric == "AUROC"
        for run in row.runs
        if isinstance(run, Training)
    )
    return _row(
        system,
        dataset,
        MEAN,
        (*own, *others),
        gain_over_others(len(own)),
        metric=ABOVE_OTHERS,
        published=GAIN[dataset],
        differs="Published: at least this much on average, by the abstract. The others are those "
        "of this table, and of the survey's, at their own scales: they have fewer images and "
        "epochs.",
    )


def _other_rows(dataset: str, systems: tuple[str, ...]) -> list[Row]:
    return [
        row
        for system in systems
        for row in rows_of(NAME, system, OTHERS[system], dataset, LEFT_OUT)
        if row.metric == "AUROC"
    ]


SYNTHETIC = Training(
    detector="omasgan",
    data={"dataset": "points-2d", "normal": ["normal"], "anomalies_per_normal": 0},
    settings={
        "power": 2,
        "penalty_weight": 4,
        "distance_weight": 4,
        "dispersion_weight": 0.1,
        "judge_lr": 1e-3,
    },
    epochs=80,
    seeds=3,
)
"""With the settings that its hyperparameters' docstring names for points, found by validation."""


def _synthetic_row() -> Row:
    return Row(
        document=NAME,
        system="OMASGAN, f-GAN",
        data="points in the plane",
        protocol="P5",
        one_of="two clusters",
        metric="AUROC",
        runs=(SYNTHETIC,),
        figure=_WITH_GAP,
        published=1.0,
        at_least=0.99,
        differs="Two clusters; the published points are of one. Settings found by validation.",
    )


_SEARCHED_ROWS = tuple(
    row
    for dataset in PUBLISHED
    for row in rows_of(NAME, "OMASGAN, searched", "omasgan", dataset, LEFT_OUT)
    if row.metric == "AUROC"
)
"""As the others are: the settings of one search, and as many images."""
_FORM_ROWS = tuple(
    row for dataset in PUBLISHED for system in FORMS for row in _form_rows(system, dataset)
)
_OTHER_ROWS = tuple(
    row
    for dataset, systems in (
        ("mnist", tuple(name for name in OTHERS if name not in IN_SURVEY)),
        ("cifar-10", tuple(OTHERS)),
    )
    for row in _other_rows(dataset, systems)
)
_GAIN_ROWS = tuple(_gain_row(system, dataset) for dataset in GAIN for system in FORMS)


def _forms(rows: MadeRows) -> str:
    """The two forms beside each other and the others."""
    means = {
        (system, data): rows.value(system, TITLES[data], LEFT_OUT, MEAN, "AUROC")
        for system in FORMS
        for data in PUBLISHED
    }
    shown = " and ".join(
        f"{' and '.join(f'{means[system, data]:.3f}' for system in FORMS)} on {TITLES[data]}"
        for data in PUBLISHED
    )
    gains = [
        rows.value(system, TITLES[data], LEFT_OUT, MEAN, ABOVE_OTHERS)
        for data in GAIN
        for system in FORMS
    ]
    others = "above" if min(gains) > 0 else "below" if max(gains) < 0 else "on both sides of"
    return (
        f"The mean AUROC of ten classes of the f-GAN and the KLWGAN form is {shown}, {others} the "
        "mean of the other systems. Of which form the released scores are is not said, and they "
        f"are of a part of the images. On MNIST {', '.join(IN_SURVEY)} stand in the survey's "
        "table. That the papers' validation has no anomalies of the class that is left out, and "
        "ours has, is to the advantage of all systems here alike."
    )


DOCUMENT = Document(
    name=NAME,
    rows=(_synthetic_row(), *_FORM_ROWS, *_SEARCHED_ROWS, *_OTHER_ROWS, *_GAIN_ROWS),
    line=Line(
        of="f-GAN form, then KLWGAN, MNIST, 0, 1, 2, 3 left out (published: of a form that is not "
        "said, on a part of the images); how much of the critic is added to the judge is chosen on "
        "validation",
        rows=[
            (system, TITLES["mnist"], LEFT_OUT, digit, "AUROC")
            for system in FORMS
            for digit in "0123"
        ],
        published_of=[
            ("OMASGAN, f-GAN", TITLES["mnist"], LEFT_OUT, digit, "AUROC") for digit in "0123"
        ],
    ),
    sentences=(_forms,),
)
