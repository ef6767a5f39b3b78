"""An autoencoder with noise on some of its training images; unlike its reconstruction is anomalous.

"NI-CAE" of a student project on anomaly detection in MVTec AD: a narrow
convolutional autoencoder learns normal images, a tenth of them with Gaussian noise, and an image's
score is 1 - SSIM to its reconstruction.

Differs from the notebooks:
- They add noise to a tenth of the images, drawn with repetition, once and for all; here each image
  of a step is noisy with that probability, and noise is new in each.
- Their "dense" layer acts on the channels of each place. A bottleneck that sees the whole code is
  `bottleneck: flat`.
- Their threshold is chosen on test images, here on validation.
- 3 or 4 levels at sizes below theirs, 256; and channels besides grey.
- Weights begin as torch's do, not Keras's.
"""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.model import Model, Tensors
from models.detectors.ni_cae.networks import OverAll, OverChannels
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, Stage
from models.losses.errors import reconstruction_parts
from models.losses.similarity import reconstruction_loss, ssim
from models.networks.pooled import PooledDecoder, PooledEncoder

_DIVISORS = (1, 2, 8, 16, 32)
"""Of the width, level by level: 128, 64, 16, 8 and 4 channels."""
_LEAST_CHANNELS = 4
_LEVELS = {16: 3, 32: 3, 64: 4, 128: 4, 256: 5}


class NiCae(Detector):
    """Networks: `encoder`, `bottleneck`, `decoder`."""

    watched = "squared_error"

    @override
    def networks(self) -> dict[str, nn.Module]:
        width, dense, levels = self.number("width"), self.number("dense"), _LEVELS[self.size]
        filters = [max(_LEAST_CHANNELS, width // divisor) for divisor in _DIVISORS[:levels]]
        deepest, pools = filters[-1], [2] * levels
        flat = self.word("bottleneck") == "flat"
        numbers = deepest * (self.size // 2**levels) ** 2
        inputs = deepest if flat else dense
        return {
            "encoder": PooledEncoder(self.channels, filters, pools),
            "bottleneck": OverAll(numbers, dense) if flat else OverChannels(deepest, dense),
            "decoder": PooledDecoder(inputs, filters[::-1], pools, self.channels, 1),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        phase = Phase(
            name="autoencoder",
            trains=("encoder", "bottleneck", "decoder"),
            loss=self._loss,
            optimizer=Adam(),
        )
        draws = (
            Draw(name="chosen", kind="uniform"),
            Draw(name="noise", shape=(self.channels, self.size, self.size)),
        )
        return (Stage(phases=(phase,), draws=draws),)

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        shown = (batch.images + 1) / 2
        chosen = batch.draws["chosen"] < model.settings["noisy_fraction"]
        noise = model.settings["noise_variance"].sqrt() * batch.draws["noise"]
        noisy = shown + chosen[:, None, None, None] * noise
        target = noisy if self.word("target") == "noisy" else shown
        error = reconstruction_loss("mse", target, self._remade(model, noisy), black=0.0)
        return Loss(error, {"reconstruction": error})

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        remade = self.reconstruct(model, images)
        similarity = ssim((images + 1) / 2, (remade + 1) / 2, window=self.number("ssim_window"))
        return {**reconstruction_parts(images - remade), "dissimilarity": 1 - similarity}

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        return 2 * self._remade(model, (images + 1) / 2) - 1

    def _remade(self, model: Model, shown: Tensor) -> Tensor:
        """Images in [0, 1] as the autoencoder remakes them."""
        remade: Tensor = model("decoder", model("bottleneck", model("encoder", shown)))
        return remade


DETECTOR = NiCae
