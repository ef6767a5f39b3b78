"""GANomaly: an encoder, a decoder and a second encoder, which sees the reconstruction.

Akcay, Atapour-Abarghouei, Breckon: "GANomaly: Semi-Supervised Anomaly Detection via Adversarial
Training", ACCV 2018. Trained on normal images alone, the two encoders come to agree on those; the
score is how far their codes lie apart. Losses and networks are those of the authors' code.

Differs from the paper: squared distances are means over their numbers, not norms, as in that code;
channels grow up to eight times the width only; a discriminator whose loss has vanished is not
initialised anew; images are scored in evaluation mode, where the code normalises them with their
batch.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.losses.adversarial import discrimination
from models.losses.errors import per_image, reconstruction_parts
from models.networks.convolutional import initialise_dcgan
from models.networks.latent import Critic, LatentDecoder, LatentEncoder


class Ganomaly(Detector):
    """Networks: `encoder`, `decoder`, `second_encoder`, `discriminator`."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        latent, width, extra = (self.number(n) for n in ("latent", "width", "extra_layers"))
        channels, size = self.channels, self.size
        networks: dict[str, nn.Module] = {
            "encoder": LatentEncoder(channels, width, size, latent, extra=extra),
            "decoder": LatentDecoder(latent, channels, width, size, extra=extra),
            "second_encoder": LatentEncoder(channels, width, size, latent, extra=extra),
            "discriminator": Critic(channels, width, size, extra=extra),
        }
        if self.word("initialisation") == "dcgan":
            for network in networks.values():
                initialise_dcgan(network)
        return networks

    @override
    def stages(self) -> tuple[Stage, ...]:
        generator = Phase(
            name="generator",
            trains=("encoder", "decoder", "second_encoder"),
            loss=self._generator_loss,
            optimizer=Adam(beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        discriminator = Phase(
            name="discriminator",
            trains=("discriminator",),
            loss=self._discriminator_loss,
            optimizer=Adam(beta1="beta1"),
        )
        return (Stage(phases=(generator, discriminator), forward=self._forward),)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return self._codes(model, batch.images)

    def _codes(self, model: Model, images: Tensor) -> Tensors:
        """The paper's z, x with a hat, and z with a hat."""
        latent = model("encoder", images)
        remade = model("decoder", latent)
        return {"latent": latent, "remade": remade, "again": model("second_encoder", remade)}

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        features, _ = model("discriminator", batch.images)
        remade_features, _ = model("discriminator", shared["remade"])
        terms = {
            "adversarial": (features - remade_features).square().mean(),
            "contextual": (batch.images - shared["remade"]).abs().mean(),
            "encoder": (shared["latent"] - shared["again"]).square().mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, real = model("discriminator", batch.images)
        _, fake = model("discriminator", shared["remade"].detach())
        loss = 0.5 * discrimination(self.word("adversarial"), real, fake)
        return Loss(loss, {"discriminator": loss})

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        codes = self._codes(model, images)
        features, _ = model("discriminator", images)
        remade_features, _ = model("discriminator", codes["remade"])
        return {
            **reconstruction_parts(images - codes["remade"]),
            "latent": per_image((codes["latent"] - codes["again"]).square()),
            "feature": per_image((features - remade_features).square()),
        }

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("decoder", model("encoder", images))
        return remade


DETECTOR = Ganomaly
