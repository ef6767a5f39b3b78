"""What Tune's driver keeps of every trial of a search, it keeps until the end: little."""

import copy
from typing import Any

from tuner.attempt import Attempt
from tuner.backend.trainable import QuietTrainable


class Stepping(QuietTrainable):
    def step(self) -> dict[str, Any]:
        return {"said": "this"}


def test_a_result_would_carry_the_configuration_back_to_the_driver() -> None:
    result = Stepping({"large": "configuration"}).train()
    assert set(result) == {"said", "done", "training_iteration", "trial_id", "pid", "node_ip"}


def test_tune_would_copy_an_attempt_again_and_again() -> None:
    attempt = Attempt(number=1, attempt=1, hyperparameters={"n": 1}, seed=1, recorded_epochs=0)
    assert copy.deepcopy({"attempt": attempt})["attempt"] is attempt
