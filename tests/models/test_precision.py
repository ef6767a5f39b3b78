"""bfloat16 in lanes: on tensors that only pretend to be on a GPU, and what a CPU does instead."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from models import detectors, precision
from models.lanes.stack import NetworkStack, over_lanes
from models.lanes.state import LaneState
from models.lanes.step import Step
from models.lanes.step_graph import GraphPool
from models.networks.convolutional import Norm
from models.pixels import scaled
from models.precision import pick_precision
from models.trainer import Trainer
from tests.models.conftest import GAN

MakeTrainer = Callable[..., Trainer]
TRAINED = [name for name in detectors.names() if detectors.stages(name)]
CPU = torch.device("cpu")


class Formats(TorchDispatchMode):
    """The number formats that each operation is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[str, set[tuple[torch.dtype, ...]]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        formats = tuple(each.dtype for each in args if isinstance(each, Tensor))
        self.given.setdefault(str(func), set()).add(formats)
        return func(*args, **(kwargs or {}))


@pytest.fixture
def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Autocast as on a GPU, and a step without the backward pass, whose engine asks for one."""
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)

    def none(_: object, leaves: Sequence[Tensor], *more: object, **options: object) -> list[Tensor]:
        return [torch.zeros_like(leaf) for leaf in leaves]

    monkeypatch.setattr(torch.autograd, "grad", none)


def test_convolutions_would_stay_slow_after_training(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "deterministic", False)
    monkeypatch.setattr(cudnn, "benchmark", True)
    with precision.deterministic_convolutions():
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
    assert (cudnn.deterministic, cudnn.benchmark) == (False, True)


def _formats_on_a_gpu(trainer: Trainer) -> Formats:
    """Of one step of each stage in bfloat16."""
    group, formats = trainer.whole(), Formats()
    state = group.state
    orders = group.fit.orders(state.epochs)
    batch = scaled(group.fit.images[orders[0]])
    draws = [group._draws(number, orders).next() for number in range(len(group.steps))]
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:

        def moved(tensor: Tensor) -> Tensor:
            return mode.from_tensor(tensor).to("cuda")

        stacks = {name: _moved(stack, moved) for name, stack in state.stacks.items()}
        settings = {name: moved(values) for name, values in state.settings.items()}
        there = LaneState(state.stages, stacks, settings, len(state), torch.device("cuda"))
        for stage, drawn in zip(state.stages, draws, strict=True):
            step = Step(stage, there, group.fit, "bfloat16", GraphPool())
            images, numbers = moved(batch), {name: moved(own) for name, own in drawn.items()}
            with formats:
                step.run(images, numbers)
    return formats


def _moved(stack: NetworkStack, moved: Callable[[Tensor], Tensor]) -> NetworkStack:
    stack.rows = moved(stack.rows)
    stack.buffers = {name: moved(buffer) for name, buffer in stack.buffers.items()}
    return stack


@pytest.mark.usefixtures("pretended_gpu")
@pytest.mark.parametrize(
    ("detector", "lanes"),
    [(GAN, 1), ("autoencoder", 1), *((name, 2) for name in TRAINED if detectors.packable(name))],
)
def test_a_gpus_norms_would_be_given_weights_unlike_their_statistics(
    make_trainer: MakeTrainer, detector: str, lanes: int
) -> None:
    """Their backward pass refuses those; and convolutions would miss their tensor cores."""
    given = _formats_on_a_gpu(make_trainer(*[{}] * lanes, detector=detector)).given
    norms = [formats for name, each in given.items() if "batch_norm" in name for formats in each]
    assert norms or detector not in (GAN, "autoencoder")
    for _, *weights_and_statistics in norms:
        assert set(weights_and_statistics) == {torch.float32}
    if detector in (GAN, "autoencoder"):  # others convolve in their losses too
        for formats in given["aten.convolution.default"]:
            assert set(formats) == {torch.bfloat16}


@pytest.mark.parametrize("lanes", [1, 2])
def test_norms_train_in_bfloat16_whatever_the_number_of_lanes(lanes: int) -> None:
    norm = Norm(3)
    values = torch.randn(lanes, 8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    state = {name: torch.stack([each] * lanes) for name, each in norm.state_dict().items()}

    def gradient(values: Tensor) -> Tensor:
        values = values.clone().requires_grad_()
        run = over_lanes(lambda state, own: functional_call(norm, state, own), lanes)
        remade = run({name: each.clone() for name, each in state.items()}, values)
        return torch.autograd.grad(remade.float().square().mul(values.detach()).sum(), values)[0]

    ours, exact = gradient(values.bfloat16()), gradient(values)
    torch.testing.assert_close(ours.float(), exact, atol=0.1, rtol=0.05)


def test_a_cpu_would_crash_in_several_lanes(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: True)
    assert pick_precision("auto", CPU, lanes=1) == "bfloat16"
    assert pick_precision("auto", CPU, lanes=2) == "float32"
    assert pick_precision("auto", torch.device("cuda"), lanes=2) == "bfloat16"
    assert make_trainer({}, {}, precision="auto").precision == "float32"
    with pytest.raises(ValueError, match="2 lanes cannot train in bfloat16 on a CPU: give float32"):
        make_trainer({}, {}, precision="bfloat16")
