"""What Tune's driver keeps of every trial of a search, it keeps until the end: little."""

import copy
from typing import Any

import pytest

from tuner.backend.packed_trainable import PackedTrialActor
from tuner.backend.trainable import TrialActor
from tuner.engine.attempt import Attempt


@pytest.mark.parametrize("actor", [TrialActor, PackedTrialActor])
def test_a_result_would_carry_the_configuration_back_to_the_driver(
    actor: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "setup", lambda self, config: None)
    monkeypatch.setattr(actor, "step", lambda self: {"said": "this"})
    result = actor({"large": "configuration"}).train()
    assert set(result) == {"said", "done", "training_iteration", "trial_id", "pid", "node_ip"}


def test_tune_would_copy_an_attempt_again_and_again() -> None:
    attempt = Attempt(number=1, attempt=1, hyperparameters={"n": 1}, seed=1, recorded_epochs=0)
    assert copy.deepcopy({"attempt": attempt})["attempt"] is attempt
