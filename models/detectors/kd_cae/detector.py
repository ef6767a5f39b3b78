"""An autoencoder whose codes' density counts beside its error: an unusual code is anomalous too.

"KD-CAE" of a student project on anomaly detection in MVTec AD. Errors of
a convolutional autoencoder, and the density of its flattened codes under a Gaussian around the code
of each normal image of the fit; an image is an anomaly if the error is above one level or the
density below another.

Differs from the notebooks:
- The two levels, chosen by eye on histograms, are quantiles of the fit normals. For densities an
  image's own code is left out: with it, all fit normals are at the highest density there is. The
  decision is a score, the larger of error and distance as multiples of their levels; above 1 it is
  their "or".
- Log densities log p are given as distances -2h^2 log p plus a constant (`models.losses.density`),
  and for several bandwidths h.
- Errors are of images in [-1, 1]: four times theirs, which are of [0, 1], as training's is here.
- Errors are of the reconstruction; theirs of the reconstruction's are `passes: double`.
- Weights begin as torch's do, not Keras's.
"""

import torch
from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.kd_cae.hyperparameters import BANDWIDTHS, DENSITIES, EITHERS, QUANTILES
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adadelta, Adam, Batch, Loss, Optimizer, Phase, Stage
from models.losses.density import left_out, soft_minimum, squared_distances
from models.losses.errors import per_image, reconstruction_parts
from models.losses.similarity import reconstruction_loss
from models.networks.pooled import PooledDecoder, PooledEncoder

_POOLS = {16: (2, 2, 1), 32: (2, 2, 1), 64: (2, 2, 2), 128: (4, 2, 2), 256: (4, 4, 2)}
"""By image side; codes have 8 x 8 places, at 16 4 x 4."""
_BANDWIDTH = 0.2
"""Of the density in the published decision."""
_LEAST_LEVEL = 1e-12


class KdCae(Detector):
    """Networks: `encoder`, `decoder`.

    Fitted: `codes` [M, D] of M fit normals, D numbers each; `error_levels` and `distance_levels`,
    QUANTILES of their squared errors and of their distances.
    """

    watched = "squared_error"

    @override
    def networks(self) -> dict[str, nn.Module]:
        filters = [multiple * self.number("width") for multiple in (1, 2, 4)]
        pools = _POOLS[self.size]
        return {
            "encoder": PooledEncoder(self.channels, filters, pools),
            "decoder": PooledDecoder(filters[-1], filters[::-1], pools[::-1], self.channels, 3),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        optimizers: dict[str, Optimizer] = {
            "adadelta": Adadelta(),
            "adam": Adam(learning_rate="adam_learning_rate"),
        }
        phase = Phase(
            name="autoencoder",
            trains=("encoder", "decoder"),
            loss=self._loss,
            optimizer=optimizers[self.word("optimizer")],
        )
        return (Stage(phases=(phase,)),)

    def _loss(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        shown = (batch.images + 1) / 2
        remade = model("decoder", model("encoder", shown))
        error = reconstruction_loss(self.word("loss"), shown, remade, black=0.0)
        return Loss(error, {"reconstruction": error})

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        known = FitView(normals.images(limit=self.number("kde_images")))
        codes = known.map(lambda images: self._code(model, images).flatten(1))
        errors = known.map(
            lambda images: per_image((images - self.reconstruct(model, images)).square())
        )
        others = left_out(squared_distances(codes, codes))
        return {
            "codes": codes,
            "error_levels": _levels(errors.double()),
            "distance_levels": _levels(soft_minimum(others, _BANDWIDTH)),
        }

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        code = self._code(model, images)
        parts = reconstruction_parts(images - self._remade(model, code))
        squared = squared_distances(code.flatten(1), model.fitted["codes"])
        for name, bandwidth in zip(DENSITIES, BANDWIDTHS, strict=True):
            parts[name] = soft_minimum(squared, bandwidth)
        error = parts["squared_error"][:, None] / model.fitted["error_levels"]
        published = parts[DENSITIES[BANDWIDTHS.index(_BANDWIDTH)]]
        distance = published[:, None] / model.fitted["distance_levels"]
        larger = torch.maximum(error, distance)
        return {**parts, **dict(zip(EITHERS, larger.unbind(1), strict=True))}

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        return self._remade(model, self._code(model, images))

    def _remade(self, model: Model, code: Tensor) -> Tensor:
        """The images that errors are taken from."""
        remade: Tensor = 2 * model("decoder", code) - 1
        if self.word("passes") == "double":
            remade = 2 * model("decoder", self._code(model, remade)) - 1
        return remade

    def _code(self, model: Model, images: Tensor) -> Tensor:
        code: Tensor = model("encoder", (images + 1) / 2)
        return code


def _levels(values: Tensor) -> Tensor:
    """QUANTILES of values [M], float64 and above 0."""
    shares = torch.tensor(QUANTILES, dtype=torch.float64, device=values.device)
    return torch.quantile(values, shares).clamp_min(_LEAST_LEVEL)


DETECTOR = KdCae
