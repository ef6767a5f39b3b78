"""The two student projects on FashionMNIST: T-shirt/top is normal."""

from collections.abc import Mapping

from _published.document import Document, Line
from _published.documents.common import KNOWN_TO_TEN, ONE_CLASS, one_class, one_vs_rest
from _published.documents.where_search_pays import AUROC
from _published.figures import noted, on_test, over_seeds
from _published.rows import Row
from _published.runs import Training
from models.hyperparameters import Value

NAME = "Anomaly Detection on FashionMNIST: the student projects"
NORMAL = "T-shirt/top"
NO_NUMBER = "The document has a ROC curve and no number."


def _row(
    system: str,
    detector: str,
    settings: Mapping[str, Value],
    published: float | None,
    differs: str,
) -> Row:
    """Ten epochs, as the projects' checkpoints have; the random score needs none."""
    knows = detector in ("traditional-gan", "dcgan")
    known = one_vs_rest("fashion-mnist", NORMAL, 0.1)
    data = known if knows else one_class("fashion-mnist", NORMAL)
    epochs = 1 if detector == "random" else 10
    run = Training(detector=detector, data=data, settings=settings, epochs=epochs, seeds=3)
    return Row(
        document=NAME,
        system=system,
        data="FashionMNIST",
        protocol=KNOWN_TO_TEN if knows else ONE_CLASS,
        one_of=NORMAL,
        metric="AUROC",
        runs=(run,),
        figure=noted(over_seeds(on_test("auroc"))) if detector == "random" else AUROC,
        published=published,
        differs=differs,
    )


_WIDTH: Mapping[str, Value] = {"width": 16}
_ROWS = (
    _row("traditional GAN", "traditional-gan", _WIDTH, 0.8699, "Its layers are not known."),
    _row("DCGAN variant", "dcgan", _WIDTH, 0.8993, "Its layers are not known."),
    _row("autoencoder", "autoencoder", _WIDTH, None, NO_NUMBER),
    _row(
        "random",
        "random",
        {},
        None,
        "0.5 is expected; with 1,000 normal images the standard deviation is 0.0096.",
    ),
)

DOCUMENT = Document(
    name=NAME,
    rows=_ROWS,
    line=Line(
        of="T-shirt/top, known anomalies 1:10: traditional GAN, DCGAN variant",
        rows=[
            (system, "FashionMNIST", KNOWN_TO_TEN, NORMAL, "AUROC")
            for system in ("traditional GAN", "DCGAN variant")
        ],
    ),
)
