"""GANomaly by anomalib's own Engine, in an environment of its own: prints images a second.

python benchmarks/_anomalib_side.py FOLDER    # with train/good and test/good
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from anomalib.data import Folder
from anomalib.engine import Engine
from anomalib.models import Ganomaly
from lightning.pytorch.callbacks import Callback

EPOCHS, BATCH, LATENT, WIDTH, SIDE = 3, 64, 100, 64, 32


class Clock(Callback):
    """The seconds of each training epoch, validation left out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._start = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        self._start = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Any, _module: Any, _out: Any, _batch: Any, at: int
    ) -> None:
        if at == trainer.num_training_batches - 1:
            self.seconds.append(time.perf_counter() - self._start)


def main() -> None:
    folder = Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    data = Folder(
        name="pictures",
        root=folder,
        normal_dir="train/good",
        normal_test_dir="test/good",
        train_batch_size=BATCH,
        eval_batch_size=BATCH,
        num_workers=0,
        test_split_mode="from_dir",
        val_split_mode="same_as_test",
    )
    clock = Clock()
    model = Ganomaly(
        batch_size=BATCH,
        n_features=WIDTH,
        latent_vec_size=LATENT,
        pre_processor=Ganomaly.configure_pre_processor((SIDE, SIDE)),
        evaluator=False,
        visualizer=False,
    )
    with tempfile.TemporaryDirectory() as scratch:
        engine = Engine(
            max_epochs=EPOCHS,
            accelerator="cpu",
            devices=1,
            default_root_dir=scratch,
            callbacks=[clock],
            logger=False,
            limit_val_batches=0,
        )
        engine.fit(model, datamodule=data)
        count = len(data.train_data)
        start = time.perf_counter()
        engine.predict(model, dataloaders=data.test_dataloader(), return_predictions=True)
        scoring_s = time.perf_counter() - start
    figures = {
        "training": count / min(clock.seconds[1:]),
        "scoring": len(data.test_data) / scoring_s,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
