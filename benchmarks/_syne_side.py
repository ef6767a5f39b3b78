"""Syne Tune's schedulers, answering line by line: run by a Python that has syne-tune alone.

Each line of stdin is a JSON document with one question, each line of stdout the answer to it.
"""

import datetime
import json
import random
import sys
from typing import Any

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice, lograndint, loguniform, randint, uniform
from syne_tune.optimizer import baselines
from syne_tune.optimizer.scheduler import SchedulerDecision

_DOMAINS = {
    "uniform": uniform,
    "log": loguniform,
    "int": randint,
    "log_int": lograndint,
    "choice": choice,
}
_METRIC, _EPOCH = "auroc", "epoch"


class Side:
    """One scheduler and its trials."""

    def __init__(self, asked: dict[str, Any]) -> None:
        random.seed(asked["seed"])
        np.random.seed(asked["seed"])
        self._trials: dict[int, Trial] = {}
        self._scheduler = getattr(baselines, asked["scheduler"])(
            {name: _DOMAINS[kind](*of) for name, (kind, of) in asked["space"].items()},
            metric=_METRIC,
            do_minimize=False,
            time_attr=_EPOCH,
            max_t=asked["epochs"],
            grace_period=asked["grace"],
            random_seed=asked["seed"],
        )

    def ask(self, number: int) -> dict[str, Any]:
        """The next configuration."""
        config = self._scheduler.suggest().config
        trial = Trial(trial_id=number, config=config, creation_time=datetime.datetime.now())
        self._trials[number] = trial
        self._scheduler.on_trial_add(trial)
        return dict(config)

    def epoch(self, number: int, epoch: int, value: float) -> bool:
        """Whether a trial goes on."""
        told = {_METRIC: value, _EPOCH: epoch}
        decision = self._scheduler.on_trial_result(self._trials[number], told)
        return bool(decision == SchedulerDecision.CONTINUE)

    def complete(self, number: int, epoch: int, value: float) -> bool:
        """A trial has come to its last epoch."""
        told = {_METRIC: value, _EPOCH: epoch}
        self._scheduler.on_trial_complete(self._trials.pop(number), told)
        return True

    def removed(self, number: int) -> bool:
        """A trial that was stopped is gone."""
        self._scheduler.on_trial_remove(self._trials.pop(number))
        return True

    def failed(self, number: int) -> bool:
        """A trial has come to nothing."""
        self._scheduler.on_trial_error(self._trials.pop(number))
        return True


def main() -> None:
    """Answer until stdin ends."""
    side: Side | None = None
    for line in sys.stdin:
        question, given = json.loads(line)
        if question == "make":
            side, answer = Side(given), None
        else:
            answer = getattr(side, question)(*given)
        print(json.dumps(answer, default=lambda value: value.item()), flush=True)


if __name__ == "__main__":
    main()
