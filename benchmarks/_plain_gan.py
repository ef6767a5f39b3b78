"""The two-discriminator GAN trained as one writes it in PyTorch: modules, Adam, one trial.

The yardstick of packing.py, so it is written to be fast: the same modules and losses, the fused
Adam, channels_last, images on the device, bfloat16 where the trainer uses it, no waiting for the
device within an epoch. One forward pass of the generator serves both phases.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice

import torch
from torch import Tensor, nn

from models import detectors
from models.batches import FitImages
from models.data.images import TrainingData
from models.detectors.model import PlainModel
from models.detectors.two_discriminator_gan.losses import (
    adversarial,
    anomaly_between_class,
    discrimination,
)
from models.device_images import device_images
from models.evaluation.validation import judge
from models.hyperparameters import Value, numbers
from models.losses.errors import patch_errors, worst_patches
from models.pixels import chunk_of, scaled
from models.precision import pick_precision

DETECTOR = "two-discriminator-gan"
_WEIGHTED = (
    "reconstruction",
    "patch",
    "encoder",
    "normal_adversarial",
    "anomaly_adversarial",
    "abc",
)


class PlainTraining:
    """One trial; `epoch` trains and validates as `Trainer.epoch` does of a lane.

    With `library` all convolutions are torch's own, else those of models.networks.strided:
    which is faster depends on width and machine, and the yardstick is the faster.
    """

    def __init__(
        self,
        values: dict[str, Value],
        seed: int,
        data: TrainingData,
        device: torch.device,
        library: bool,
    ):
        torch.manual_seed(seed)
        self._values, self._device = values, device
        self._settings = {
            name: torch.tensor(value, device=device) for name, value in numbers(values).items()
        }
        self._images = device_images(data, device)
        self._fit = FitImages(self._images, values, 0)
        self._detector = detectors.make(DETECTOR, values, self._fit.channels, self._fit.size)
        made = self._detector.networks()
        self._networks = {
            name: network.to(device, memory_format=torch.channels_last)
            for name, network in made.items()
        }
        for network in self._networks.values() if library else ():
            _use_library(network)
        self._judges = [self._networks[f"{kind}_discriminator"] for kind in ("normal", "anomaly")]
        self._generator = [self._networks["encoder"], self._networks["decoder"]]
        self._adams = {
            rate: self._adam(networks, rate)
            for rate, networks in (
                ("discriminator_lr", self._judges),
                ("generator_lr", self._generator),
            )
        }
        self._bfloat16 = pick_precision("auto", device, lanes=1) == "bfloat16"
        self._epochs = 0

    def epoch(self) -> tuple[dict[str, float], float]:
        """Train one epoch; the means of the loss terms, and the AUROC on validation."""
        for network in self._networks.values():
            network.train()
        sums: dict[str, Tensor] = {}
        orders = self._fit.orders([self._epochs])[:, 0]
        for rows in orders:
            for name, term in self._step(scaled(self._images.fit[rows])).items():
                sums[name] = sums[name] + term if name in sums else term
        self._epochs += 1
        losses = {name: float(total) / len(orders) for name, total in sums.items()}
        verdict = judge(self._score_parts(), self._images.anomalous, [self._values])[0]
        return losses, verdict.metrics["auroc"] if verdict else float("nan")

    def seconds_per_step(self, steps: int = 6) -> float:
        """Processor seconds of a step's fastest, after one that does not count."""
        orders = self._fit.orders([0])[:, 0]
        seconds = []
        for rows in islice(cycle(orders), steps + 1):  # small data sets have one step an epoch
            start = time.process_time()
            self._step(scaled(self._images.fit[rows]))
            if self._device.type == "cuda":
                torch.cuda.synchronize(self._device)
            seconds.append(time.process_time() - start)
        return min(seconds[1:])

    def _step(self, images: Tensor) -> dict[str, Tensor]:
        normals = self._fit.batch_normals
        images = images.contiguous(memory_format=torch.channels_last)
        encoder, decoder = self._generator
        with self._autocast():
            latent_features = encoder(images)
            remade = decoder(latent_features)
            fake = remade.detach()
            terms = {}
            for kind, part in (("normal", slice(normals)), ("anomaly", slice(normals, None))):
                judge_network = self._networks[f"{kind}_discriminator"]
                terms[f"{kind}_discriminator"] = discrimination(
                    judge_network(images[part]), judge_network(fake[part])
                )
            loss = terms["normal_discriminator"] + terms["anomaly_discriminator"]
        self._descend("discriminator_lr", loss)
        with self._autocast(), _held(self._judges), _same_statistics([*self._judges, encoder]):
            terms |= self._generator_terms(images, remade, latent_features[-1])
            loss = sum(self._values[f"{name}_weight"] * terms[name] for name in _WEIGHTED)
            self._descend("generator_lr", loss)
        return {name: term.detach() for name, term in terms.items()}

    def _generator_terms(self, images: Tensor, remade: Tensor, latent: Tensor) -> dict[str, Tensor]:
        normals = self._fit.batch_normals
        normal_judge, anomaly_judge = self._judges
        error = (images - remade).abs()
        again = self._networks["encoder"](remade)[-1]
        patches = worst_patches(patch_errors(error[:normals]), self._settings["patch_n"])
        return {
            "reconstruction": error[:normals].mean(),
            "patch": patches.mean(),
            "encoder": (latent - again)[:normals].abs().mean(),
            "normal_adversarial": adversarial(normal_judge(remade[:normals]), 1.0),
            "anomaly_adversarial": adversarial(anomaly_judge(remade[normals:]), 0.0),
            "abc": anomaly_between_class(error[normals:]),
        }

    def _descend(self, rate: str, loss: Tensor) -> None:
        adam = self._adams[rate]
        adam.zero_grad(set_to_none=True)
        with torch.autocast(self._device.type, enabled=False):
            loss.backward(retain_graph=False)
        adam.step()

    def _adam(self, networks: list[nn.Module], rate: str) -> torch.optim.Adam:
        parameters = [parameter for network in networks for parameter in network.parameters()]
        # Both are torch's fastest: one kernel on a GPU, one pass over each tensor on a CPU.
        betas = (float(self._values["beta1"]), 0.999)
        return torch.optim.Adam(parameters, float(self._values[rate]), betas, fused=True)

    @torch.no_grad()
    def _score_parts(self) -> dict[str, Tensor]:
        networks = {name: network.eval() for name, network in self._networks.items()}
        model = PlainModel(networks, self._settings)
        chunks = [
            self._detector.score_parts(model, scaled(chunk))
            for chunk in torch.split(self._images.validation, chunk_of(self._fit.size))
        ]
        return {
            name: torch.cat([chunk[name] for chunk in chunks]).double()[None] for name in chunks[0]
        }

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16)


def _use_library(network: nn.Module) -> None:
    for module in network.modules():
        for kind in (nn.Conv2d, nn.ConvTranspose2d):
            if isinstance(module, kind):
                module.forward = partial(kind.forward, module)  # type: ignore[method-assign]


@contextmanager
def _held(networks: list[nn.Module]) -> Iterator[None]:
    """No gradients for these networks' own parameters."""
    for network in networks:
        network.requires_grad_(False)
    yield
    for network in networks:
        network.requires_grad_(True)


@contextmanager
def _same_statistics(networks: list[nn.Module]) -> Iterator[None]:
    """Batch normalisation by the batch that leaves the running statistics alone."""
    norms = [m for network in networks for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    yield
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
