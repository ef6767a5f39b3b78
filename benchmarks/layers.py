"""Strided layers in lanes, one by one: the library's grouped convolutions beside matrix products.

    python benchmarks/layers.py

Needs `models/` and torch alone. Each layer of the two-discriminator GAN's step is trained alone in
eight lanes, with the norm and the activation after it, forward and backward, in both ways; then the
whole step with all layers in one way, in the other, each in its faster one, as a search on a GPU
tries it, and by the rules that hold where nobody has measured. Beside it the gather: the batches of
lanes that are at different epochs. On a CPU with one thread; random 32 x 32 images, 64 normals and
16 known anomalies a step.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse

import torch
from _random_images import random_images
from _result import write

from models import detectors
from models.data.images import TrainingData
from models.lanes.lane import Lane
from models.networks.layer_ways import UNMEASURED, LayerWays, Way
from models.pixels import scaled
from models.precision import deterministic_convolutions
from models.probes.layer_probe import LANES, LayerTiming, conditions_on, layer_shapes, layer_timings
from models.probes.stopwatch import seconds_per_call
from models.trainer import Trainer

DETECTOR = "two-discriminator-gan"
NORMALS, ANOMALIES = 64 * 2, 64
RUN_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--widths", type=int, nargs="+", help="base channels: 8 16 32, on a GPU 64")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    device, data = torch.device(chosen.device), random_images(NORMALS, ANOMALIES)
    figures: dict[str, float] = {}
    for width in chosen.widths or ([64] if device.type == "cuda" else [8, 16, 32]):
        timings = _timings(data, width, device)
        figures |= {
            f"product_gain_{_name(timing)}_of_{width}": timing.library_s / timing.product_s
            for timing in timings
        }
        paces = {}
        for name, ways in _ways(timings).items():
            paces[name] = _images_per_second(data, width, device, ways)
            figures[f"images_per_s_{name}_{width}"] = paces[name]
            print(f"width {width}: step, {name:<10} {paces[name]:8.0f} images/s", flush=True)
        share = _gather_share(data, width, device, paces["rule"])
        figures[f"gather_share_{width}"] = share
        print(f"width {width}: the gather takes {share:.2%} of a step\n", flush=True)
    print(f"written: {os.path.relpath(write('layers', figures, 'python benchmarks/layers.py'))}")


def _timings(data: TrainingData, width: int, device: torch.device) -> list[LayerTiming]:
    shapes = layer_shapes(_trainer(data, width, device, 1, UNMEASURED).whole())
    timings = []
    for timing in layer_timings(shapes, conditions_on(device)):
        library, product = 1000 * timing.library_s, 1000 * timing.product_s
        print(
            f"{timing.shape!s:<32} library {library:8.3f} ms  product {product:8.3f} ms  "
            f"{timing.way}",
            flush=True,
        )
        timings.append(timing)
    return timings


def _name(timing: LayerTiming) -> str:
    return str(timing.shape).lower().replace(" ", "_")


def _ways(timings: list[LayerTiming]) -> dict[str, LayerWays]:
    shapes = [str(timing.shape) for timing in timings]

    def all_in(way: Way) -> LayerWays:
        return dict.fromkeys(shapes, way)

    return {
        "library": all_in("library"),
        "product": all_in("product"),
        "faster": {str(timing.shape): timing.way for timing in timings},
        "rule": UNMEASURED,
    }


def _trainer(
    data: TrainingData, width: int, device: torch.device, lanes: int, ways: LayerWays
) -> Trainer:
    lane = Lane(hyperparameters=detectors.resolve(DETECTOR, {"width": width}), seed=0)
    return Trainer(DETECTOR, data, [lane] * lanes, device=str(device), layer_ways=ways)


def _images_per_second(
    data: TrainingData, width: int, device: torch.device, ways: LayerWays
) -> float:
    group = _trainer(data, width, device, LANES, ways).whole()
    orders = group.fit.orders(range(LANES))
    with deterministic_convolutions():
        seconds = seconds_per_call(lambda: group.fused.epoch(orders), device, RUN_SECONDS)
    return orders.numel() / seconds


def _gather_share(data: TrainingData, width: int, device: torch.device, pace: float) -> float:
    """Of a step's time, what gathering and scaling its images takes."""
    group = _trainer(data, width, device, LANES, UNMEASURED).whole()
    rows = group.fit.orders(range(LANES))[0]
    seconds = seconds_per_call(lambda: scaled(group.fit.images[rows]), device, 0.1)
    return seconds * pace / rows.numel()


if __name__ == "__main__":
    main()
