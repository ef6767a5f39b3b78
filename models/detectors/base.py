"""What a detector is: networks, the stages that train them, and a score.

A detector is written as ordinary single-model code: `Model` carries the networks of one model,
`Batch` the images of a step, and the trainer maps the functions over lanes with `torch.func.vmap`.
So they must not branch on tensor values, and random numbers come from `Draw`. Of lanes and devices
a detector need not know; its layers may ask whether several run (`models.networks.mapped`).

Some names mean something outside a detector's own folder:
- hyperparameters `batch_normals` and `batch_anomalies`, how many images of each kind a step sees (1
  and 0 where there are none), `width`, which baselines share with the best, `patience`, after how
  many epochs without a lower `watched` training rests, and `score`, which part is an image's score:
  one of the parts' names, a name in SCORES, or `mixture` for a regression on all of them;
- the score part `error`, the reconstruction error: the score where no `score` says otherwise, and
  what a threshold beside that of the score is on.

Batch statistics are `convolutional.Norm`'s, not `nn.BatchNorm2d`'s. Buffers are changed in place,
never assigned; constants are buffers too, and all of them persistent. Score parts should be of the
order of 1: what differs by less than 1e-8 counts as the same.

Shapes: N images, C channels, H x W pixels. Images are float in [-1, 1].
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from models.detectors.fit_view import FitView
from models.detectors.model import Model, Tensors
from models.detectors.stage import Draw, ScoreParts, Stage
from models.hyperparameters import Value
from models.losses.maps import smoothed


class Detector(ABC):
    """A model that scores images, of one structure; it serves any number of models, so no tensors.

    `structure` holds the structural hyperparameters alone: lanes share the detector's code, so
    nothing else may shape it. Images have `channels` and are `size` x `size`.

    Lifetime: the trainer calls `networks` once per lane and `stages` once; at a stage's start
    `begin` once per lane; per step `forward` once, then each phase's loss in order; at an epoch's
    end `fit` once per lane, then `score_parts` on the validation images, in evaluation mode; in a
    stage with score parts of its own these alone, without `fit`. A detector without stages is
    fitted once and scored as it is in all epochs.
    """

    watched: str = ""
    """The score part whose mean over validation normals `patience` watches; "" for none."""
    prior: Draw | None = None
    """What a generator makes pictures of; None of a detector that has none."""
    scored_per_epoch: int | None = None
    """The most validation images that an epoch scores, where scoring one takes long."""
    scored_at_once: int = 64
    """Images that a trained detector scores at a time: fewer are filled up to as many."""

    def __init__(self, structure: Mapping[str, Value], channels: int, size: int):
        self.structure = structure
        self.channels = channels
        self.size = size

    def number(self, name: str) -> int:
        """A structural hyperparameter that is a whole number."""
        return int(self.structure[name])

    def word(self, name: str) -> str:
        """A structural hyperparameter that is a word."""
        return str(self.structure[name])

    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """Newly initialised networks by name, drawn from torch's global random state."""

    def stages(self) -> tuple[Stage, ...]:
        """How the networks are trained; () of a detector that is not."""
        return ()

    def fit(self, model: Model, normals: FitView) -> Tensors:
        """What is computed from the fit normals rather than trained: `model.fitted`, by name.

        Called after an epoch's phases and before `score_parts`, so not in a stage that has score
        parts of its own; in evaluation mode and without gradient. The same model and images must
        give the same values. It is saved with the trained detector, not with a checkpoint.
        """
        return {}

    @abstractmethod
    def score_parts(self, model: Model, images: Tensor) -> Tensors:
        """Named scores [N] of each image, higher is more anomalous, no image touching another's."""

    def scored_in(self, stage: str) -> ScoreParts:
        """The score parts while the stage of this name trains; the detector's own for ""."""
        own = {each.name: each.score_parts for each in self.stages()} if stage else {}
        return own.get(stage) or self.score_parts

    def reconstruct(self, model: Model, images: Tensor) -> Tensor | None:
        """The images as the detector remakes them; None where it makes none."""
        return None

    def anomaly_map(self, model: Model, images: Tensor) -> Tensor | None:
        """How anomalous each pixel is [N, H, W], of any scale; None where it cannot be said.

        Where there are reconstructions: the absolute error, mean over channels, smoothed.
        """
        remade = self.reconstruct(model, images)
        return None if remade is None else smoothed((images - remade).abs().mean(1))

    def generate(self, model: Model, noise: Tensor) -> Tensor | None:
        """What a generator makes of `prior`'s noise [N, ...]; None where there is no generator."""
        return None
