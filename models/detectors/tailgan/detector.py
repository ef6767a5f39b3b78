"""TailGAN: a GAN learns the energy of normal images, then a generator moves to their tail.

Dionelis, Yaghoobi, Tsaftaris: "Tail of Distribution GAN (TailGAN): Generative-Adversarial-
Network-Based Boundary Formation", SSPD 2020. Known from its abstract only: a GAN learns the
probability with maximum entropy regularisation, and a generator then makes samples on the tail of
the distribution, for supports of several components.

All else is ours. The discriminator is an energy E(x), of which the density is exp(-E(x)) up to a
factor. It is learned by maximum likelihood: down at normal images, up at those of a generator. That
minimises E(G(z)) and OMASGAN's dispersion s, which is large where different noise makes the same
image, and stands for the entropy. The energy's gradient is penalised, since nothing else bounds it.
The boundary then is BDSG's, its generator beginning as the first one's copy, and so are the parts
of the score.
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.bdsg.detector import Bdsg
from models.detectors.bdsg.networks import Reference
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Loss, Phase, Stage
from models.losses.dispersion import scattering
from models.losses.gradients import squared_gradient_norms
from models.networks.dense import discriminator, generator


class TailGan(Bdsg):
    """Networks: `energy`, whose logit is -E, without batch statistics; `generator`; `boundary`,
    which begins as the generator's copy; and `reference`, of which nothing is trained.
    """

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, latent = self.number("width"), self.number("latent")
        return {
            # A bias would raise the energy of all images alike, so nothing would train it.
            "energy": discriminator(self.channels, width, self.size, norm=False, bias=False),
            "generator": generator(latent, self.channels, width, self.size),
            "boundary": generator(latent, self.channels, width, self.size),
            "reference": Reference(latent),
        }

    @override
    def density_stage(self) -> Stage:
        energy = Phase(
            name="energy",
            trains=("energy",),
            loss=self._energy_loss,
            optimizer=Adam(learning_rate="energy_lr", beta1="beta1"),
        )
        generating = Phase(
            name="generator",
            trains=("generator",),
            loss=self._generator_loss,
            optimizer=Adam(learning_rate="generator_lr", beta1="beta1"),
            every=self.number("discriminator_steps"),
        )
        return Stage(
            name="density",
            phases=(energy, generating),
            draws=(self.noise,),
            forward=self._forward,
            score_parts=self.density_parts,
        )

    def _forward(self, model: Model, batch: Batch) -> Tensors:
        return {"generated": model("generator", batch.draws["noise"])}

    def _energy_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        generated = shared["generated"].detach()

        def energy(images: Tensor) -> Tensor:
            return -self.log_density(model, images)

        images = torch.cat([batch.images, generated])
        terms = {
            "contrast": energy(batch.images).mean() - energy(generated).mean(),
            "penalty": 0.5 * squared_gradient_norms(energy, images).mean(),
        }
        return Loss.weighted(terms, model.settings)

    def _generator_loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        generated = shared["generated"]
        terms = {
            "generated_energy": -self.log_density(model, generated).mean(),
            "entropy": scattering(batch.draws["noise"], generated).mean(),
        }
        return Loss.weighted(terms, model.settings)

    @override
    def log_density(self, model: Model, images: Tensor) -> Tensor:
        logits: Tensor = model("energy", images, update_statistics=False)[1]
        return logits.float()

    @override
    def begin_boundary(self, model: Model, normals: FitView) -> Tensors:
        return {
            **super().begin_boundary(model, normals),
            **model.copied("generator", into="boundary"),
        }


DETECTOR = TailGan
