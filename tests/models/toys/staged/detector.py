"""An autoencoder that is trained to denoise, copied, and trained on beside a judge of its work."""

from torch import Tensor, nn
from typing_extensions import override

from models.detectors.base import Detector
from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Adam, Batch, Draw, Loss, Phase, RMSprop, Stage, falls_from
from models.losses.errors import per_image
from models.networks.dense import VectorNorm

_CODE = 4


class _Narrow(nn.Module):
    """Images through a few numbers and back, with statistics of the batch."""

    def __init__(self, pixels: int):
        super().__init__()
        self.down, self.up = nn.Linear(pixels, _CODE, bias=False), nn.Linear(_CODE, pixels)
        self.norm = VectorNorm(_CODE)

    @override
    def forward(self, images: Tensor) -> Tensor:
        remade: Tensor = self.up(self.norm(self.down(images.flatten(1)))).tanh()
        return remade.view_as(images)


class Staged(Detector):
    """Networks: `first`, `second`, which starts as a copy of it, and `judge`."""

    watched = "error"

    @override
    def networks(self) -> dict[str, nn.Module]:
        pixels = self.channels * self.size**2
        return {
            "first": _Narrow(pixels),
            "second": _Narrow(pixels),
            "judge": nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1)),
        }

    @override
    def stages(self) -> tuple[Stage, ...]:
        noise = Draw(name="noise", shape=(self.channels, self.size, self.size))
        first = Phase(name="first", trains=("first",), loss=self.denoising, optimizer=Adam())
        judging = Phase(
            name="judging",
            trains=("judge",),
            loss=self.judging,
            optimizer=RMSprop(schedule=falls_from(0.5)),
        )
        making = Phase(
            name="making",
            trains=("second",),
            loss=self.making,
            optimizer=Adam(),
            every=self.number("every"),
        )
        return (
            Stage(
                name="pretraining",
                phases=(first,),
                draws=(noise,),
                score_parts=self.score_parts_of_the_first,
            ),
            Stage(
                name="training",
                phases=(judging, making),
                draws=(Draw(name="share", kind="uniform"),),
                forward=self.forward,
                begin=self.begin,
                average="decay",
            ),
        )

    def denoising(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        """Of the first network alone."""
        remade = model("first", batch.images + 0.3 * batch.draws["noise"])
        error = (batch.images - remade).abs().mean()
        return Loss(error, {"denoised": error})

    def begin(self, model: Model, normals: FitView) -> Tensors:
        """The second network starts as the first one stands."""
        return model.copied("first", into="second")

    def forward(self, model: Model, batch: Batch) -> Tensors:
        """What both phases need."""
        return {"remade": model("second", batch.images)}

    def judging(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        """Telling images from what the second network makes of them."""
        share = batch.draws["share"][:, None, None, None]
        mixed = share * batch.images + (1 - share) * shared["remade"].detach()
        error = (model("judge", mixed)[:, 0] - batch.draws["share"]).square().mean()
        return Loss(error, {"judged": error})

    def making(self, model: Model, batch: Batch, shared: Tensors) -> Loss:
        """Remaking images so that the judge takes them for such."""
        error = (batch.images - shared["remade"]).abs().mean()
        deceived = (model("judge", shared["remade"])[:, 0] - 1).square().mean()
        return Loss(error + 0.1 * deceived, {"made": error, "deceived": deceived})

    @override
    def fit(self, model: Model, normals: FitView) -> Tensors:
        return {"level": normals.map(lambda images: per_image(model("first", images))).mean()}

    def score_parts_of_the_first(self, model: Model, images: Tensor) -> Tensors:
        """The score while the second network is not trained."""
        return {"error": per_image((images - model("first", images)).abs())}

    @override
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        remade = self.reconstruct(model, images)
        return {
            "error": per_image((images - remade).abs()),
            "level": (per_image(remade) - model.fitted["level"]).abs(),
        }

    @override
    def reconstruct(self, model: Model, images: Tensor) -> Tensor:
        remade: Tensor = model("second", images)
        return remade


DETECTOR = Staged
