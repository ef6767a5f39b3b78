"""Where a search pays: the hard class Shirt beside the easy one, T-shirt/top."""

from _published.documents.common import KNOWN_TO_TEN, merged, one_vs_rest
from _published.figures import diverged, noted, on_test, over_seeds, validation_gap
from _published.rows import Row
from _published.runs import Run, Search, Training
from models import detectors

DOCUMENT = "Where a search pays"
UNET = "two-discriminator-gan"
EPOCHS, WIDTH = 8, 16
SHIRT = Search(space_file="lossweights", overrides=("data.normal=[Shirt]",))
TSHIRT = Search(space_file="lossweights")
AUROC = noted(over_seeds(on_test("auroc")), validation_gap, diverged)


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
    systems: list[tuple[str, Run, float | None, str]] = [
        ("U-Net GAN, W1", published_set("W1", normal), None, "Published weights, not searched."),
        ("U-Net GAN, W2", published_set("W2", normal), None, "Published weights, not searched."),
        ("supervised CNN", supervised(normal), None, "Told the same known anomalies."),
        ("U-Net GAN, searched", search, at_least, "The best of a search by validation."),
    ]
    return [
        Row(
            document=DOCUMENT,
            system=system,
            data="FashionMNIST",
            protocol=KNOWN_TO_TEN,
            one_of=normal,
            metric="AUROC",
            runs=(run,),
            figure=AUROC,
            at_least=limit,
            differs=differs,
        )
        for system, run, limit, differs in systems
    ]


ROWS = (*_rows("Shirt", SHIRT, 0.935), *_rows("T-shirt/top", TSHIRT, 0.979))
