"""Deep SVDD: a network that maps normal images into a small sphere around a fixed point.

Ruff, Vandermeulen, Goernitz, Deecke, Siddiqui, Binder, Mueller, Kloft: "Deep one-class
classification", ICML 2018. An autoencoder is trained first; its encoder goes on alone, drawing
vectors to their mean at that time. The squared distance to that centre is the score.

Differs from the paper and its code: images are in [-1, 1] without contrast normalisation, and those
above 32 x 32 have more levels; the loss of the pretraining is a mean over pixels, as in Deep SAD's
code; the decoder of "cifar-10" begins with a dense layer too, so that vectors may have any length;
weights begin as torch's own. With the soft boundary the radius is the quantile of the batch at
hand, by ranks, where the code takes that of the batch before, and 0 in the first ten epochs; the
score leaves the radius out, which is the same for all images. In the first stage the score is the
reconstruction error.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.deep_svdd.losses import soft_boundary
from models.detectors.deep_svdd.networks import (
    Hypersphere,
    LeNetDecoder,
    LeNetEncoder,
    centre_of,
    lenet,
)
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage, falls_at
from models.losses.errors import reconstruction_parts


class DeepSvdd(Detector):
    """Networks: `encoder`, `decoder`, and `hypersphere`, which holds the centre."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        layers = lenet(self.word("network"), self.number("width"), self.size)
        latent = self.number("latent")
        return {
            "encoder": LeNetEncoder(self.channels, self.size, layers, latent),
            "decoder": LeNetDecoder(latent, layers, self.channels),
            "hypersphere": Hypersphere(latent),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        slower = falls_at(1 / 3, 0.1)  # at epoch 50 of 150
        autoencoder = Phase(
            name="autoencoder",
            trains=("encoder", "decoder"),
            loss=self._reconstruction_loss,
            optimizer=Adam(
                learning_rate="pretraining_learning_rate",
                weight_decay="pretraining_weight_decay",
                schedule=slower,
            ),
        )
        one_class = Phase(
            name="one_class",
            trains=("encoder",),
            loss=self._loss,
            optimizer=Adam(weight_decay="weight_decay", schedule=slower),
        )
        return (
            Stage(
                name="pretraining", phases=(autoencoder,), score_parts=self._reconstruction_parts
            ),
            Stage(name="one_class", phases=(one_class,), begin=self._begin),
        )

    def _reconstruction_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        # Half the difference is that of images in [0, 1]: the weight decay is published for them.
        difference = (batch.images - self._remade(model, batch.images)) / 2
        error = difference.square().mean()
        return Loss(error, {"reconstruction": error})

    def _begin(self, model: Model, normals: FitView) -> Tensors:
        vectors = normals.map(lambda images: model("encoder", images))
        return {"hypersphere.centre": centre_of(vectors)}

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        distances = self._distances(model, batch.images)
        if self.word("boundary") == "hard":
            return Loss(distances.mean(), {"distance": distances.mean()})
        loss = soft_boundary(distances, model.settings["nu"])
        return Loss(loss, {"soft_boundary": loss})

    def _distances(self, model: Model, images: Tensor) -> Tensor:
        """||phi(x) - c||^2 of each image [N]."""
        distances: Tensor = model("hypersphere", model("encoder", images))
        return distances

    def _remade(self, model: Model, images: Tensor) -> Tensor:
        """What the autoencoder makes of images: of use until the encoder goes on alone."""
        remade: Tensor = model("decoder", model("encoder", images))
        return remade

    def _reconstruction_parts(self, model: Model, images: Tensor) -> Tensors:
        return reconstruction_parts(images - self._remade(model, images))

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        return {"distance": self._distances(model, images)}


DETECTOR = DeepSvdd
