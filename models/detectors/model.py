"""One model as a detector's losses and scores see it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._pytree import tree_map
from typing_extensions import override

from models.names import Named

Tensors = dict[str, Tensor]


class Model:
    """The networks of one model, called by name: `model("encoder", images)`.

    `settings` are the hyperparameters that are numbers, 0-d tensors by name. `fitted` is what
    `Detector.fit` made of the fit normals. `moving` names the networks whose batch statistics may
    be updated by a call. A call of any other, or one with `update_statistics=False`, normalises
    with the batch in training mode all the same but leaves the running statistics as they are. One
    with `as_scored=True` normalises with the running statistics, as in evaluation mode.
    `narrow` is the kind of device on which networks compute in bfloat16, "" where they do not; what
    they return is float32 all the same, so that losses are.
    """

    def __init__(  # noqa: PLR0913
        self,
        modules: Mapping[str, nn.Module],
        parameters: Mapping[str, Tensors],
        buffers: Mapping[str, Tensors],
        settings: Mapping[str, Tensor],
        fitted: Tensors | None = None,
        *,
        moving: frozenset[str] = frozenset(),
        narrow: str = "",
    ):
        self._modules = Named("network", modules)
        self._parameters = Named("network", parameters)
        self._buffers = buffers
        self._moving = moving
        self._narrow = narrow
        self.settings: Mapping[str, Tensor] = Named("hyperparameter that is a number", settings)
        self.fitted: Tensors = Named("value of Detector.fit", fitted or {})

    def __call__(
        self,
        network: str,
        *inputs: object,
        update_statistics: bool = True,
        as_scored: bool = False,
    ) -> Any:
        """What the network makes of the inputs, with this model's parameters."""
        module, buffers = self._modules[network], self._buffers[network]
        if as_scored and module.training:
            module.eval()
            try:
                return self(network, *inputs)
            finally:
                module.train()
        if module.training and not (update_statistics and network in self._moving):
            buffers = {key: buffer.clone() for key, buffer in buffers.items()}
        state = {**self._parameters[network], **buffers}
        if not self._narrow:
            return functional_call(module, state, inputs)
        with torch.autocast(self._narrow, torch.bfloat16):
            made = functional_call(module, state, inputs)
        return tree_map(_wide, made)

    def tensors(self, network: str) -> Tensors:
        """The network's parameters and buffers by name."""
        return {**self._parameters[network], **self._buffers[network]}

    def copied(self, network: str, into: str) -> Tensors:
        """What `Stage.begin` returns for the network `into` to start as this one stands."""
        return {f"{into}.{name}": tensor for name, tensor in self.tensors(network).items()}


class PlainModel(Model):
    """A model whose modules hold their own weights, as in an ordinary PyTorch loop or an export."""

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        settings: Mapping[str, Tensor],
        fitted: Tensors | None = None,
    ):
        super().__init__(modules, {}, {}, settings, fitted)

    @override
    def __call__(
        self,
        network: str,
        *inputs: object,
        update_statistics: bool = True,
        as_scored: bool = False,
    ) -> Any:
        """As a model does, but that the statistics of every network move."""
        module = self._modules[network]
        if not module.training or (update_statistics and not as_scored):
            return module(*inputs)
        if as_scored:
            module.eval()
            try:
                return module(*inputs)
            finally:
                module.train()
        held = {name: buffer.clone() for name, buffer in module.named_buffers()}
        return functional_call(module, held, inputs)

    @override
    def tensors(self, network: str) -> Tensors:
        """The network's parameters and buffers by name."""
        return dict(self._modules[network].state_dict())


def _wide(made: Any) -> Any:
    """A tensor of bfloat16 as float32."""
    narrow = isinstance(made, Tensor) and made.dtype == torch.bfloat16
    return made.float() if narrow else made
