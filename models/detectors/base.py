"""What a detector is: networks, the phases that train them, and a score.

A detector is written as ordinary single-model code: `Networks` carries the parameters and
statistics of one model, `Batch` the images and that model's hyperparameters, and the trainer maps
the functions over lanes with `torch.func.vmap`. So they must not branch on tensor values, and
random numbers are not drawn inside. Of lanes and devices a detector need not know; its layers may
ask (`models.detectors.layer_ways`) to compute the same in another way where that is faster.

Some names mean something outside a detector's own folder:
- hyperparameters `batch_normals` and `batch_anomalies`, how many images of each kind a step sees (1
  and 0 where there are none), `width`, which baselines share with the best, and `score`, which part
  is an image's score: one of the parts' names, or `mixture` for a regression on all of them;
- the score part `error`, the reconstruction error: the score where no `score` says otherwise, and
  what the logistic regression's threshold, F1 and accuracy are of.

Batch statistics are `convolutional.Norm`'s, not `nn.BatchNorm2d`'s. Buffers are changed in place,
never assigned; constants are buffers too, and all of them persistent. Score parts should be of the
order of 1: what differs by less than 1e-8 counts as the same.

Shapes: N images, C channels, H x W pixels. Images are float in [-1, 1].
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.func import functional_call

from models.detectors.fit_view import FitView
from models.detectors.maps import smoothed
from models.hyperparameters import Value

Tensors = dict[str, Tensor]


class Networks:
    """The networks of one model, called by name: `networks("encoder", images)`.

    `moving` names the networks whose batch statistics may be updated by a call. A call of any
    other, or one with `update_statistics=False`, normalises with the batch in training mode all
    the same but leaves the running statistics as they are.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        parameters: Mapping[str, Tensors],
        buffers: Mapping[str, Tensors],
        moving: frozenset[str] = frozenset(),
    ):
        self._modules = modules
        self._parameters = parameters
        self._buffers = buffers
        self._moving = moving

    def __call__(self, name: str, *inputs: object, update_statistics: bool = True) -> object:
        """What the network makes of the inputs, with this model's parameters."""
        module, buffers = self._modules[name], self._buffers[name]
        if module.training and not (update_statistics and name in self._moving):
            buffers = {key: buffer.clone() for key, buffer in buffers.items()}
        return functional_call(module, {**self._parameters[name], **buffers}, inputs)

    def tensors(self, name: str) -> Tensors:
        """The network's parameters and buffers by name, for `fit` to read."""
        return {**self._parameters[name], **self._buffers[name]}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Images of one training step: the normals first, then the known anomalies.

    They pass the networks together, and losses select rows afterwards: separate passes would let
    the batch statistics give the label away.
    """

    images: Tensor  # [N, C, H, W]
    normal_count: int
    hyperparameters: Mapping[str, Tensor]  # numbers only, 0-d

    def normals(self, rows: Tensor) -> Tensor:
        """The rows of the normal images."""
        return rows[: self.normal_count]

    def anomalies(self, rows: Tensor) -> Tensor:
        """The rows of the known anomalies."""
        return rows[self.normal_count :]


@dataclass(frozen=True)
class Loss:
    """What a phase minimises, and the unweighted terms that are logged."""

    total: Tensor
    terms: Tensors


LossFunction = Callable[[Networks, Batch, Tensors], Loss]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One optimizer step of a training step.

    `loss` is called once per batch with what `Detector.forward` returned, its graph still standing.
    Gradients are taken for the networks in `trains` alone; all others are held still, weights and
    batch statistics. What `forward` made of a network that an earlier phase has trained since is
    a value to this one: it cannot be differentiated any more.
    """

    name: str
    trains: tuple[str, ...]
    loss: LossFunction
    learning_rate: str  # the hyperparameter's name
    beta1: str  # the hyperparameter's name


class Detector(ABC):
    """A model that scores images; one instance serves any number of models, so it holds no state.

    Lifetime: the trainer calls `networks` once per lane; per step `forward` once, then each
    phase's loss in order; at an epoch's end `fit` once per lane, then `score_parts` on the
    validation images, in evaluation mode. A detector without phases is fitted in its first epoch
    and scored as it is in all.
    """

    phases: tuple[Phase, ...] = ()

    @abstractmethod
    def networks(
        self, structure: Mapping[str, Value], channels: int, size: int
    ) -> dict[str, nn.Module]:
        """Newly initialised networks by name, drawn from torch's global random state.

        `structure` holds the structural hyperparameters alone: lanes share the networks' code, so
        nothing else may shape it. Raises ValueError for an image size that it cannot take.
        """

    def forward(self, networks: Networks, batch: Batch) -> Tensors:
        """What several phases need of a batch, computed once per step."""
        return {}

    def fit(self, networks: Networks, normals: FitView) -> Tensors:
        """What is computed from the fit normals rather than trained: buffers by name.

        "pca.mean" is the buffer `mean` of the network `pca`, and a value has that buffer's shape.
        They are written into the model after its epoch's phases and before it is scored, and are
        saved and resumed as weights are. Called in evaluation mode and without gradient; the same
        networks and images must give the same values.
        """
        return {}

    @abstractmethod
    def score_parts(
        self, networks: Networks, images: Tensor, settings: Mapping[str, Tensor]
    ) -> Tensors:
        """Named scores [N] of each image, higher is more anomalous, no image touching another's."""

    def reconstruct(self, networks: Networks, images: Tensor) -> Tensor | None:
        """The images as the detector remakes them; None where it makes none."""
        return None

    def anomaly_map(self, networks: Networks, images: Tensor) -> Tensor | None:
        """How anomalous each pixel is [N, H, W], of any scale; None where it cannot be said.

        Where there are reconstructions: the absolute error, mean over channels, smoothed.
        """
        remade = self.reconstruct(networks, images)
        return None if remade is None else smoothed((images - remade).abs().mean(1))
