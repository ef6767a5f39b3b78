"""Packed trials: lane-epochs a second of 1, 2, 4, ... lanes beside ordinary PyTorch.

    python benchmarks/packing.py

Needs `models/` and torch alone. An epoch is training, scoring and judging of one trial of the
two-discriminator GAN. All sides use the whole device.

serial     the same trials one after another, plain eager PyTorch (_plain_gan.py), on a CPU with a
           thread for each core
processes  one plain process per trial, on a CPU one a core, else as many as the device gains from
lanes      one fused step for K trials, on a CPU in a process a core; K doubles until two doublings
           in a row bring under 10%

Every side is measured `--rounds` times, in turns, and its best round counts: other work on the
machine only ever slows a run.
"""

import argparse
import dataclasses
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

import torch
from _plain_gan import DETECTOR, PlainTraining
from _result import device_name, write

from models import detectors
from models.data.config import DataConfig
from models.data.images import TrainingData
from models.data.loading import load_training
from models.data.protocol import make_split
from models.data.sources import find
from models.lanes.lane import Lane
from models.memory import is_out_of_memory
from models.trainer import Trainer

_LEAST_GAIN = 1.1


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every process of a side does."""

    side: str  # "plain" or "lanes"
    library: bool  # plain with torch's own convolutions
    lanes: int
    threads: int
    width: int
    epochs: int
    device: str
    data: DataConfig

    def trials(self, process: int) -> list[Lane]:
        """Different configurations of one structure; the same for both sides."""
        resolved = detectors.resolve(DETECTOR, {"width": self.width})
        return [
            Lane(hyperparameters={**resolved, "patch_n": 1 + trial % 9}, seed=trial)
            for trial in range(process * self.lanes, (process + 1) * self.lanes)
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--widths", type=int, nargs="+", help="base channels: 8 16 32, on a GPU 64")
    parser.add_argument("--most-lanes", type=int, default=64)
    parser.add_argument("--normals", type=int, help="to fit: 960, on a GPU 4800")
    parser.add_argument("--epochs", type=int, default=1, help="timed, after one that is not")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dataset", default="fashion-mnist", help="or digits: nothing to download")
    chosen = parser.parse_args()
    on_gpu = chosen.device.startswith("cuda")
    normals = chosen.normals or (4800 if on_gpu else 960)
    data = DataConfig(
        dataset=chosen.dataset,
        size=32,
        fit_normals=None if chosen.dataset == "digits" else normals,
        validation_normals=normals // 4,
        validation_anomalies=normals // 4,
    )
    figures: dict[str, float] = {}
    print(f"{device_name()}, {chosen.dataset}: trial-epochs a second\n", flush=True)
    widths = chosen.widths or ([64] if on_gpu else [8, 16, 32])
    for width in widths:
        work = Work(
            side="plain",
            library=True,
            lanes=1,
            threads=1,
            width=width,
            epochs=chosen.epochs,
            device=chosen.device,
            data=data,
        )
        work = dataclasses.replace(work, library=library_is_faster(work))
        ending = "" if on_gpu and len(widths) == 1 else f"_{width}"
        found = measured(work, chosen.most_lanes, chosen.rounds)
        figures |= {f"{name}{ending}": value for name, value in found.items()}
    figures["rounds"] = chosen.rounds
    if chosen.dataset == "fashion-mnist":  # digits only show that it runs
        print(f"written: {os.path.relpath(write('packing', figures))}")


def measured(work: Work, most_lanes: int, rounds: int) -> dict[str, float]:
    """All figures of one width."""
    cores = 1 if work.device.startswith("cuda") else os.cpu_count() or 1
    serial = dataclasses.replace(work, threads=cores)
    lanes_at_once = dataclasses.replace(work, side="lanes")
    best: dict[str, float] = {}
    print(f"width {work.width:>3}  plain side: {'torch' if work.library else 'own'} convolutions")
    for _ in range(rounds):
        _keep(best, "serial", lambda: rate(serial, 1))
        for processes in [cores] if cores > 1 else _doubling(best, "processes", 16):
            _keep(best, f"processes_{processes}", lambda n=processes: rate(work, n))  # type: ignore[misc]
        for lanes in _doubling(best, "lanes", most_lanes):
            packed = dataclasses.replace(lanes_at_once, lanes=lanes)
            _keep(best, f"lanes_{lanes}", lambda w=packed: rate(w, cores))  # type: ignore[misc]
    of_lanes = {int(name[6:]): found for name, found in best.items() if name.startswith("lanes_")}
    lanes_best = fewest_of_the_best(of_lanes)
    processes_best = max(found for name, found in best.items() if name.startswith("processes"))
    figures = {
        "lanes_best": lanes_best,
        "speedup_vs_serial": of_lanes[lanes_best] / best["serial"],
        "speedup_vs_processes": of_lanes[lanes_best] / processes_best,
    }
    if work.device.startswith("cuda"):
        figures["speedup_graph_vs_eager"] = of_lanes[1] / best["serial"]
    for name, found in best.items():
        print(f"width {work.width:>3}  {name:<13} {found:8.3f}", flush=True)
    for name, value in figures.items():
        print(f"width {work.width:>3}  {name:<22} {value:.2f}", flush=True)
    return figures | {f"epochs_per_s_{name}": found for name, found in best.items()}


def fewest_of_the_best(rates: Mapping[int, float]) -> int:
    """Of more lanes only those that bring a tenth more."""
    chosen = 1
    for lanes in sorted(rates):
        if rates[lanes] >= _LEAST_GAIN * rates[chosen]:
            chosen = lanes
    return chosen


def _keep(best: dict[str, float], name: str, measure: Callable[[], float]) -> None:
    found = measure()
    best[name] = max(found, best.get(name, 0.0))


def _doubling(best: Mapping[str, float], side: str, most: int) -> Iterator[int]:
    """1, 2, 4, ... until two doublings in a row have not brought a tenth over the best before.

    Two lanes may be slower than one, and eight faster than both; 0 is out of memory.
    """
    number, fruitless, most_so_far = 1, 0, 0.0
    while number <= most and fruitless < 2:
        yield number
        found = best[f"{side}_{number}"]
        fruitless = 0 if found >= _LEAST_GAIN * most_so_far else fruitless + 1
        most_so_far = max(found, most_so_far)
        if not found:
            return
        number *= 2


def rate(work: Work, processes: int) -> float:
    """Trial-epochs a second of some processes that do the same at once; 0 without memory."""
    spawning = multiprocessing.get_context("spawn")
    barrier, results = spawning.Barrier(processes), spawning.Queue()
    workers = [
        spawning.Process(target=_process, args=(work, number, barrier, results))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    spans = [results.get(timeout=3600) for _ in workers]
    for worker in workers:
        worker.join()
    if None in spans:
        return 0.0
    seconds = max(end for _, end in spans) - min(start for start, _ in spans)
    return processes * work.lanes * work.epochs / seconds


def _process(work: Work, number: int, barrier: Barrier, results: Any) -> None:
    """Train one epoch that does not count, then the timed ones together with the others."""
    torch.set_num_threads(work.threads)
    try:
        epoch = _epoch_of(work, number, _data(work.data))
        epoch()
        barrier.wait()
        start = time.time()
        for _ in range(work.epochs):
            epoch()
        results.put((start, time.time()))
    except Exception as problem:
        barrier.abort()
        if not is_out_of_memory(problem) and "Barrier" not in type(problem).__name__:
            print(f"failed: {problem!r}", flush=True)
        results.put(None)


def _epoch_of(work: Work, process: int, data: TrainingData) -> Callable[[], Any]:
    trials = work.trials(process)
    if work.side == "lanes":
        return Trainer(DETECTOR, data, trials, device=work.device).epoch
    (trial,) = trials
    device = torch.device(work.device)
    return PlainTraining(trial.hyperparameters, trial.seed, data, device, work.library).epoch


def library_is_faster(work: Work) -> bool:
    """Which convolutions the plain side gets; on the way, that all sides train the same.

    The losses of one epoch must agree but for rounding.
    """
    data = _data(dataclasses.replace(work.data, validation_normals=60, validation_anomalies=60))
    device, (trial,) = torch.device(work.device), work.trials(0)
    fused = Trainer(DETECTOR, data, [trial], device=work.device).epoch()[0].losses
    seconds = {}
    for library in (False, True):
        plain = PlainTraining(trial.hyperparameters, trial.seed, data, device, library)
        for name, value in plain.epoch()[0].items():
            if not math.isclose(value, fused[name], rel_tol=0.05):
                raise SystemExit(f"the sides differ in {name}: {value} and {fused[name]}")
        seconds[library] = plain.seconds_per_step()
    return seconds[True] < seconds[False]


def _data(config: DataConfig) -> TrainingData:
    source = find(config)
    return load_training(config, source, make_split(config, source))


if __name__ == "__main__":
    main()
