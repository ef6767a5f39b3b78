"""The supervised network, trained on real images and on some that a DCGAN has made.

Both are of a student project on MVTec AD (`PAPER`), which trained them but left the generated
images unused; the DCGAN is after Radford, Metz, Chintala: "Unsupervised representation learning
with deep convolutional generative adversarial networks", ICLR 2016. In the first stage the GAN
learns the fit images of one kind, normal images or known anomalies; in the second it stands still
and each batch of the classifier has new images of it, of the same label.

Differs from the project: generator and discriminator are the pyramids of `models.networks.latent`,
4 x 4 convolutions between the image and 4 x 4 places, where it has 5 x 5 ones down to 16 x 16; they
begin with DCGAN's weights. In the first stage the score is the discriminator's verdict. The
classifier differs as `models.detectors.cnn` says.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.cnn.detector import Cnn
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.hyperparameters import Value
from models.losses.adversarial import deception, discrimination
from models.networks.convolutional import initialise_dcgan
from models.networks.latent import Critic, LatentDecoder


class DcganCnn(Cnn):
    """Networks: `classifier`, `generator`, `discriminator`."""

    prior: Draw

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        super().__init__(structure, channels, size)
        self.prior = Draw(name="noise", shape=(self.number("latent"),), kind="uniform")
        self.ratio = float(structure["ratio"])
        self.of_normals = self.word("generates") == "normals"

    @override
    def networks(self) -> dict[str, nn.Module]:
        width = self.number("gan_width")
        generator = LatentDecoder(self.number("latent"), self.channels, width, self.size)
        discriminator = Critic(self.channels, width, self.size)
        for network in (generator, discriminator):
            initialise_dcgan(network)
        return {**super().networks(), "generator": generator, "discriminator": discriminator}

    @override
    def stages(self) -> tuple[Stage, ...]:
        discriminator = Phase(
            name="discriminator",
            trains=("discriminator",),
            loss=self._discriminator_loss,
            optimizer=Adam(learning_rate="discriminator_lr", beta1="beta1"),
        )
        generator = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        each = 1 + math.ceil(self.ratio)  # as many at most are seen to one image of the batch
        draws = (self.prior, *self._draws())
        return (
            Stage(
                name="generator",
                phases=(discriminator, generator),
                draws=(self.prior,),
                forward=self._made,
                score_parts=self._verdict,
            ),
            Stage(
                name="classifier",
                phases=(self._classification(self._classifier_loss),),
                draws=tuple(replace(draw, shape=(each, *draw.shape)) for draw in draws),
            ),
        )

    def _made(self, model: Model, batch: Batch) -> Tensors:
        return {"made": self.generate(model, self._own_kind(batch, batch.draws["noise"]))}

    def _discriminator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        real, fake = self._judged(model, batch, shared["made"].detach())
        loss = discrimination(self.word("adversarial"), real, fake)
        return Loss(loss, {"discriminator": loss})

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        _, fake = self._judged(model, batch, shared["made"])
        loss = deception(self.word("adversarial"), fake)
        return Loss(loss, {"generator": loss})

    def _judged(self, model: Model, batch: Batch, made: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of real and of made images, which pass together: statistics tell nothing apart."""
        real = self._own_kind(batch, batch.images)
        _, logits = model("discriminator", torch.cat([real, made]))
        return logits[: len(real)], logits[len(real) :]

    def _verdict(self, model: Model, images: Tensor) -> Tensors:
        _, logits = model("discriminator", images)
        return {"discriminator": -logits if self.of_normals else logits}

    def _classifier_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        return self._loss(model, self._with_made(model, batch), shared)

    def _with_made(self, model: Model, batch: Batch) -> Batch:
        """The batch and the images made for it, among those of their kind."""
        count = round(self.ratio * len(self._own_kind(batch, batch.images)))
        draws = {name: each.flatten(0, 1) for name, each in batch.draws.items()}
        images, normal_count = batch.images, batch.normal_count
        if count:
            made = self.generate(model, draws["noise"][:count])
            after = normal_count if self.of_normals else len(images)
            images = torch.cat([images[:after], made, images[after:]])
            normal_count += count if self.of_normals else 0
        draws = {name: each[: len(images)] for name, each in draws.items()}
        return Batch(images=images, normal_count=normal_count, draws=draws)

    def _own_kind(self, batch: Batch, rows: Tensor) -> Tensor:
        """The rows of the images whose kind the generator makes."""
        return batch.normals(rows) if self.of_normals else batch.anomalies(rows)

    @override
    def generate(self, model: Model, noise: Tensor) -> Tensor:
        images: Tensor = model("generator", 2 * noise - 1)  # uniform from -1 to 1
        return images


DETECTOR = DcganCnn
