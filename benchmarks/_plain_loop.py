"""A detector trained by an ordinary PyTorch loop, with its own networks and losses."""

import torch
from torch import Tensor, nn

from models import detectors
from models.batches import epoch_order
from models.data.images import TrainingData
from models.detectors.model import PlainModel
from models.detectors.stage import Adadelta, Adam, Batch, Number, Optimizer, Phase, Stage
from models.hyperparameters import Value, numbers
from models.lanes.draws import drawn
from models.pixels import scaled


class PlainLoop:
    """Trains one configuration a stage at a time, images on the CPU."""

    def __init__(
        self, detector: str, values: dict[str, Value], data: TrainingData, *, narrow: bool
    ):
        self._made = detectors.make(detector, values, data.fit.images.shape[1], 32)
        torch.manual_seed(0)
        modules = self._made.networks()
        for module in modules.values():
            module.train().to(memory_format=torch.channels_last)
        settings = {name: torch.tensor(value) for name, value in numbers(values).items()}
        self._modules = modules
        self._model = PlainModel(modules, settings)
        self._narrow = narrow
        self._images = data.fit.images
        self._normals = int((~data.fit.anomalous).sum())
        self._batch = int(values.get("batch_normals", 1)), int(values.get("batch_anomalies", 0))
        self._values = values
        self.stages = self._made.stages()
        self._optimizers = [
            {phase.name: self._optimizer(phase) for phase in stage.phases} for stage in self.stages
        ]

    def epoch(self, number: int) -> int:
        """Train an epoch of one stage; the images it saw."""
        stage, optimizers = self.stages[number], self._optimizers[number]
        orders = epoch_order((0, 0), self._normals, len(self._images) - self._normals, *self._batch)
        generator = torch.Generator().manual_seed(0)
        for step, rows in enumerate(orders, start=1):
            last = step == len(orders)
            self._step(stage, optimizers, rows, step if not last else 0, generator)
        return orders.numel()

    def _step(
        self,
        stage: Stage,
        optimizers: dict[str, torch.optim.Optimizer],
        rows: Tensor,
        step: int,
        generator: torch.Generator,
    ) -> None:
        images = scaled(self._images[rows]).to(memory_format=torch.channels_last)
        draws = {draw.name: drawn(draw, len(rows), generator) for draw in stage.draws}
        batch = Batch(images=images, normal_count=self._batch[0], draws=draws)
        due = [phase for phase in stage.phases if step % phase.every == 0]
        trained = {name for phase in stage.phases for name in phase.trains}
        with torch.autocast("cpu", torch.bfloat16, enabled=self._narrow):
            self._require(trained)
            shared = stage.forward(self._model, batch) if stage.forward is not None else {}
            for phase in due:
                self._require(set(phase.trains))
                total = phase.loss(self._model, batch, shared).total
                optimizer = optimizers[phase.name]
                optimizer.zero_grad()
                parameters = optimizer.param_groups[0]["params"]
                total.backward(inputs=parameters, retain_graph=phase is not due[-1])
                optimizer.step()

    def _require(self, trained: set[str]) -> None:
        for name, module in self._modules.items():
            module.requires_grad_(name in trained)

    def _optimizer(self, phase: Phase) -> torch.optim.Optimizer:
        parameters = [p for name in phase.trains for p in self._modules[name].parameters()]
        return self._made_of(phase.optimizer, parameters)

    def _made_of(
        self, declared: Optimizer, parameters: list[nn.Parameter]
    ) -> torch.optim.Optimizer:
        rate, decay = self._number(declared.learning_rate), self._number(declared.weight_decay)
        if isinstance(declared, Adam):
            betas = self._number(declared.beta1), declared.beta2
            return torch.optim.Adam(parameters, rate, betas=betas, weight_decay=decay)
        if isinstance(declared, Adadelta):
            return torch.optim.Adadelta(parameters, rate, rho=declared.rho, weight_decay=decay)
        return torch.optim.RMSprop(parameters, rate, alpha=declared.rho, weight_decay=decay)

    def _number(self, number: Number) -> float:
        return float(self._values[number]) if isinstance(number, str) else number
