"""Where a search pays: the hard class Shirt beside the easy one, T-shirt/top."""

from _published.document import Document, Line
from _published.documents.common import KNOWN_TO_TEN, merged, one_vs_rest
from _published.figures import (
    by_error,
    diverged,
    noted,
    on_test,
    over_seeds,
    validation_gap,
    which_published,
)
from _published.rows import Figure, Row
from _published.runs import Run, Search, Training
from models import detectors

NAME = "Where a search pays"
UNET = "two-discriminator-gan"
EPOCHS, WIDTH = 8, 16
SHIRT = Search(space_file="lossweights", overrides=("data.normal=[Shirt]",))
TSHIRT = Search(space_file="lossweights")
AUROC = noted(over_seeds(on_test("auroc")), validation_gap, diverged)
BY_MIXTURE = noted(AUROC, by_error)


def published_set(name: str, normal: str) -> Training:
    """A published set of loss weights, trained as the best of the search is."""
    settings = merged(detectors.published(UNET)[name], {"score": "mixture", "width": WIDTH})
    return Training(
        detector=UNET,
        data=one_vs_rest("fashion-mnist", normal, 0.1),
        settings=settings,
        epochs=EPOCHS,
        seeds=3,
    )


def supervised(normal: str) -> Training:
    """The CNN that is told the same known anomalies."""
    return Training(
        detector="cnn",
        data=one_vs_rest("fashion-mnist", normal, 0.1),
        settings={"width": WIDTH},
        epochs=EPOCHS,
        seeds=3,
    )


def _rows(normal: str, search: Search, at_least: float) -> list[Row]:
    published = "Published weights, not searched."
    found = noted(BY_MIXTURE, which_published)
    systems: list[tuple[str, Run, Figure, float | None, str]] = [
        ("U-Net GAN, W1", published_set("W1", normal), BY_MIXTURE, None, published),
        ("U-Net GAN, W2", published_set("W2", normal), BY_MIXTURE, None, published),
        ("supervised CNN", supervised(normal), AUROC, None, "Told the same known anomalies."),
        ("U-Net GAN, searched", search, found, at_least, "The best of a search by validation."),
    ]
    return [
        Row(
            document=NAME,
            system=system,
            data="FashionMNIST",
            protocol=KNOWN_TO_TEN,
            one_of=normal,
            metric="AUROC",
            runs=(run,),
            figure=figure,
            at_least=limit,
            differs=differs,
        )
        for system, run, figure, limit, differs in systems
    ]


DOCUMENT = Document(
    name=NAME,
    rows=(*_rows("Shirt", SHIRT, 0.935), *_rows("T-shirt/top", TSHIRT, 0.979)),
    line=Line(
        of="FashionMNIST Shirt, known anomalies 1:10: U-Net GAN with W2, searched; supervised CNN",
        rows=[
            (system, "FashionMNIST", KNOWN_TO_TEN, "Shirt", "AUROC")
            for system in ("U-Net GAN, W2", "U-Net GAN, searched", "supervised CNN")
        ],
    ),
)
