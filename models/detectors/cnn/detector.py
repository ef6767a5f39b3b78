"""A supervised convolutional network: normal images against known anomalies.

The CNN of a student project on MVTec AD, whose score is the probability of a defect. It shows what
a detector reaches that is told the defects, and how little it knows of those that it was not.

Differs from the project, whose script trained on one class alone, so that its prediction was
constant: both classes are in every batch, in numbers that are set. It had 200 and 256 pixels; for
16 to 128 the network has one to four convolutions of its five. Weights begin as torch's own. The
score is the logit, which the probability only rounds. Dropout, the weight of anomalies and
augmentation are added, and off; so is weight decay, by default next to none.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.augmentation import DRAW, augmented
from models.detectors.base import Detector
from models.detectors.cnn.networks import Classifier, blocks_of
from models.detectors.model import Model, Tensors
from models.detectors.stage import Batch, Draw, Loss, LossFunction, Phase, RMSprop, Stage
from models.losses.adversarial import bce
from models.networks.dropout import dropout_factors


class Cnn(Detector):
    """Networks: `classifier`."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, hidden = self.number("width"), self.number("hidden")
        blocks = blocks_of(self.size)
        return {"classifier": Classifier(self.channels, width, self.size, blocks, hidden)}

    @override
    def stages(self) -> tuple[Stage, ...]:
        phase = self._classification(self._loss)
        return (Stage(phases=(phase,), draws=self._draws()),)

    def _classification(self, loss: LossFunction) -> Phase:
        """The phase that trains the classifier."""
        optimizer = RMSprop(weight_decay="weight_decay")
        return Phase(name="classifier", trains=("classifier",), loss=loss, optimizer=optimizer)

    def _draws(self) -> tuple[Draw, ...]:
        """The random numbers that an image needs in training."""
        return (
            DRAW,
            Draw(name="dropout", shape=(self.number("hidden"),), kind="uniform"),
        )

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        images = augmented(batch.images, batch.draws[DRAW.name], self.word("augmentation"))
        kept = dropout_factors(batch.draws["dropout"], model.settings["dropout"])
        logits = model("classifier", images, kept)
        normal, anomaly = bce(batch.normals(logits), 0.0), bce(batch.anomalies(logits), 1.0)
        share = batch.normal_count / len(logits)
        total = share * normal + (1 - share) * model.settings["pos_weight"] * anomaly
        return Loss(total, {"normal": normal, "anomaly": anomaly})

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        logits: Tensor = model("classifier", images)
        return {"logit": logits, "probability": logits.sigmoid()}


DETECTOR = Cnn
