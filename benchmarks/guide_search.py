"""The yardstick: a search of the two-discriminator GAN as Ray Tune's guide shows it.

What its pages on PyTorch, Optuna and ASHA put together: a function trainable that reports once an
epoch, data handed over by `tune.with_parameters`, DataLoaders, torch.optim.Adam, float32,
OptunaSearch, ASHAScheduler, two trials at once. Networks and losses are those of models/, so that
both searches do the same mathematics; the score is the reconstruction error.

python benchmarks/guide_search.py --space space.yaml --split split.npz --output guide.json
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from models import detectors
from models.data.images import TrainingData
from models.data.loading import load_training
from models.data.sources import find
from models.data.split import Split
from models.detectors.two_discriminator_gan.losses import (
    adversarial,
    anomaly_between_class,
    discrimination,
)
from models.hyperparameters import Value
from models.losses.errors import patch_errors, worst_patches
from models.networks.convolutional import (
    ACTIVATIONS,
    Decoder,
    Encoder,
    pyramid_widths,
)
from models.networks.patch_discriminator import PatchDiscriminator
from tuner.space import Space, load_space
from tuner.space.domains import Choice, Domain, Int, Log, LogInt, Uniform

DETECTOR = "two-discriminator-gan"
AT_ONCE = 2
NOT_TAKEN = ("score",)  # hyperparameters that a search of the guide would not have


def library_layers(network: nn.Module) -> nn.Module:
    """Give back to torch's own layers what models/ has written anew for speed."""
    for layer in network.modules():
        for plain in (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d):
            if isinstance(layer, plain):
                layer.__class__ = plain
    return network


class Gan:
    """The four networks with their optimizers."""

    def __init__(self, config: dict[str, Any], channels: int, size: int, device: str) -> None:
        widths = pyramid_widths(config["width"], size)
        encoding, decoding = ACTIVATIONS[config["activation"]]
        judge = (channels, config["width"], size, config["discriminator_head"])
        self.config = config
        self.encoder = Encoder(channels, widths, encoding).to(device)
        self.decoder = Decoder(channels, widths, decoding, skips=True).to(device)
        self.generator = library_layers(nn.ModuleList([self.encoder, self.decoder]))
        self.normal = PatchDiscriminator(*judge).to(device)
        self.anomaly = PatchDiscriminator(*judge).to(device)
        self.discriminators = library_layers(nn.ModuleList([self.normal, self.anomaly]))
        self.generator_optimizer = self._adam(self.generator, config["generator_lr"])
        self.discriminator_optimizer = self._adam(self.discriminators, config["discriminator_lr"])

    def _adam(self, network: nn.Module, learning_rate: float) -> torch.optim.Adam:
        betas = (self.config["beta1"], 0.999)
        return torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas)

    def train_step(self, normals: Tensor, anomalies: Tensor) -> None:
        """One step of both discriminators, then one of the generator."""
        images, count = torch.cat([normals, anomalies]), len(normals)
        features = self.encoder(images)
        remade = self.decoder(features)

        self.discriminators.requires_grad_(True)
        fake = remade.detach()
        loss = discrimination(self.normal(normals), self.normal(fake[:count]))
        loss = loss + discrimination(self.anomaly(anomalies), self.anomaly(fake[count:]))
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()

        self.discriminators.requires_grad_(False)
        loss = self.generator_loss(images, count, remade, features[-1])
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()

    def generator_loss(self, images: Tensor, count: int, remade: Tensor, latent: Tensor) -> Tensor:
        """The weighted sum of the six losses."""
        config = self.config
        error = (images - remade).abs()
        patches = worst_patches(patch_errors(error[:count]), torch.tensor(config["patch_n"]))
        again = self.encoder(remade)[-1]
        losses: dict[str, Tensor] = {
            "reconstruction": error[:count].mean(),
            "patch": patches.mean(),
            "encoder": (latent - again)[:count].abs().mean(),
            "normal_adversarial": adversarial(self.normal(remade[:count]), 1.0),
            "anomaly_adversarial": adversarial(self.anomaly(remade[count:]), 0.0),
            "abc": anomaly_between_class(error[count:]),
        }
        weighted = [config[f"{name}_weight"] * loss for name, loss in losses.items()]
        return torch.stack(weighted).sum()

    @torch.no_grad()
    def auroc(self, images: Tensor, anomalous: Tensor) -> float:
        """Of the mean absolute reconstruction error."""
        self.generator.eval()
        error = [
            (batch - self.decoder(self.encoder(batch))).abs().flatten(1).mean(1)
            for batch in images.split(256)
        ]
        self.generator.train()
        return float(roc_auc_score(anomalous, torch.cat(error).cpu()))


def train(config: dict[str, Any], data: dict[str, Tensor], epochs: int) -> None:
    """The trainable: one trial, one report an epoch."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = detectors.resolve(DETECTOR, config)
    _, channels, size, _ = data["normals"].shape
    gan = Gan(config, channels, size, device)
    batch, batch_known = int(config["batch_normals"]), int(config["batch_anomalies"])
    batch = min(batch, len(data["normals"]))
    normals = DataLoader(TensorDataset(data["normals"]), batch, shuffle=True, drop_last=True)
    known = TensorDataset(data["anomalies"])
    drawn = RandomSampler(known, replacement=True, num_samples=len(normals) * batch_known)
    anomalies = DataLoader(known, batch_known, sampler=drawn)
    validation = data["validation"].to(device)
    for _ in range(epochs):
        for (some_normals,), (some_anomalies,) in zip(normals, anomalies, strict=True):
            gan.train_step(some_normals.to(device), some_anomalies.to(device))
        auroc = gan.auroc(validation, data["anomalous"])
        tune.report({"auroc": auroc, "reported": time.time()})


def tensors(data: TrainingData) -> dict[str, Tensor]:
    """The images as floats in [-1, 1]."""
    fit = data.fit.images / 127.5 - 1
    return {
        "normals": fit[~data.fit.anomalous],
        "anomalies": fit[data.fit.anomalous],
        "validation": data.validation.images / 127.5 - 1,
        "anomalous": data.validation.anomalous,
    }


def tune_domain(domain: Domain) -> Any:
    """Tune's word for a domain of the space file."""
    match domain:
        case Uniform(low, high):
            return tune.uniform(low, high)
        case Log(low, high):
            return tune.loguniform(low, high)
        case Int(low, high):
            return tune.randint(low, high + 1)
        case LogInt(low, high):
            return tune.lograndint(low, high + 1)
        case Choice(values):
            return tune.choice(list(values))


def tune_config(
    space: Space, first: Sequence[Mapping[str, Value]] = (), **more: Any
) -> tune.TuneConfig:
    """Tune's sampler and early stopping with the space's seed and rungs.

    `first` are configurations to begin with, `more` what else Tune is told.
    """
    points = [dict(each) for each in first] or None
    return tune.TuneConfig(
        metric="auroc",
        mode="max",
        search_alg=OptunaSearch(seed=space.sampler.seed, points_to_evaluate=points),
        scheduler=ASHAScheduler(
            max_t=space.epochs,
            grace_period=space.grace_epochs,
            reduction_factor=space.scheduler.reduction_factor,
        ),
        max_concurrent_trials=AT_ONCE,
        **more,
    )


def search(space: Space, data: dict[str, Tensor]) -> tune.ResultGrid:
    """The search itself."""
    domains = {name: tune_domain(domain) for name, domain in space.search.items()}
    resources = {"cpu": 1, "gpu": 1 / AT_ONCE if torch.cuda.is_available() else 0}
    trainable = tune.with_parameters(train, data=data, epochs=space.epochs)
    tuner = tune.Tuner(
        tune.with_resources(trainable, resources),
        param_space={
            name: value
            for name, value in {**space.fixed, **domains}.items()
            if name not in NOT_TAKEN
        },
        tune_config=tune_config(space, num_samples=space.trials),
    )
    return tuner.fit()


def main() -> None:
    """Search, and write each trial's reports as [time, AUROC]."""
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("space", "split", "output"):
        options.add_argument(f"--{name}", type=Path, required=True)
    given = options.parse_args()
    space = load_space(given.space)
    data = load_training(space.data, find(space.data), Split.load(given.split))
    results = search(space, tensors(data))
    frames = [
        result.metrics_dataframe for result in results if result.metrics_dataframe is not None
    ]
    trials = [frame[["reported", "auroc"]].to_numpy().tolist() for frame in frames]
    given.output.write_text(json.dumps({"trials": trials, "failed": results.num_errors}))


if __name__ == "__main__":
    main()
