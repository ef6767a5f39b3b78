"""Skip-GANomaly: a U-Net remakes normal images, and its discriminator also compares.

Akcay, Atapour-Abarghouei, Breckon: "Skip-GANomaly: Skip Connected and Adversarially Trained
Encoder-Decoder Anomaly Detection", IJCNN 2019. Trained on normal images alone; the score is the
squared error of the reconstruction with a tenth of the squared distance between what the
discriminator makes of it and of the image.

Differs from the paper's code: skips carry features as the encoder passes them on, without another
ReLU; the last layer has no bias; the discriminator's channels grow up to eight times the width
only, and it is not initialised anew once its loss has vanished; scores are not scaled by the test
set's range. The code has a falling learning rate and ends before it falls.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage, falls_from
from models.losses.adversarial import deception, discrimination
from models.losses.errors import per_image, reconstruction_parts
from models.losses.maps import smoothed
from models.networks.convolutional import ACTIVATIONS, Decoder, Encoder, initialise_dcgan
from models.networks.latent import FeatureCritic, latent_widths


class SkipGanomaly(Detector):
    """Networks: `encoder`, `decoder`, `discriminator`."""

    generators: tuple[str, ...] = ("encoder", "decoder")
    """The networks that remake an image."""

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, size = self.number("width"), self.size
        networks = self._generator_networks(latent_widths(width, size, smallest=1))
        networks["discriminator"] = FeatureCritic(self.channels, width, size, self.number("latent"))
        if self.word("initialisation") == "dcgan":
            for network in networks.values():
                initialise_dcgan(network)
        return networks

    def _generator_networks(self, widths: tuple[int, ...]) -> dict[str, nn.Module]:
        encoding, decoding = ACTIVATIONS["leaky"]
        return {
            "encoder": Encoder(self.channels, widths, encoding, deepest_norm=False),
            "decoder": Decoder(self.channels, widths, decoding, skips=True),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        optimizer = Adam(beta1="beta1", schedule=falls_from(float(self.structure["decay_from"])))
        generator = Phase(
            name="generator",
            trains=self.generators,
            loss=self._generator_loss,
            optimizer=optimizer,
            every=self.number("discriminator_steps"),
        )
        discriminator = Phase(
            name="discriminator",
            trains=("discriminator",),
            loss=self._discriminator_loss,
            optimizer=optimizer,
        )
        phases = (generator, discriminator)
        return (Stage(phases=phases, forward=self._forward, draws=self._draws()),)

    def _draws(self) -> tuple[Draw, ...]:
        return (Draw(name="noise", shape=(self.channels, self.size, self.size)),)

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        noise = model.settings["noise"] * batch.draws["noise"]
        return {"remade": self._remade(model, batch.images, noise)}

    def _remade(self, model: Model, images: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        remade: Tensor = model("decoder", model("encoder", images + noise))
        return remade

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        features, _ = model("discriminator", batch.images)
        remade_features, verdict = model("discriminator", shared["remade"])
        terms = {
            "adversarial": deception(self.word("adversarial"), verdict),
            "contextual": (batch.images - shared["remade"]).abs().mean(),
            "latent": (features - remade_features).square().mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        features, real = model("discriminator", batch.images)
        remade_features, fake = model("discriminator", shared["remade"].detach())
        verdicts = discrimination(self.word("adversarial"), real, fake)
        latent = (features - remade_features).square().mean()
        terms = {"discriminator": verdicts, "discriminator_latent": latent}
        return Loss(verdicts + model.settings["latent_weight"] * latent, terms)

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        remade = self._remade(model, images)
        features, _ = model("discriminator", images)
        remade_features, _ = model("discriminator", remade)
        errors = self._map_of(images, remade)
        return {
            **reconstruction_parts(images - remade),
            "map_peak": errors.flatten(1).amax(1),
            "feature": per_image((features - remade_features).square()),
        }

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        return self._remade(model, images)

    @override
    def anomaly_map(self, model: Model, images: Tensor) -> Tensor:
        return self._map_of(images, self._remade(model, images))

    def _map_of(self, images: Tensor, remade: Tensor) -> Tensor:
        """The squared error [N, H, W], summed over channels and smoothed."""
        return smoothed((images - remade).square().sum(1))


DETECTOR = SkipGanomaly
