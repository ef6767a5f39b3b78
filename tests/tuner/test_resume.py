from pathlib import Path

import pytest

from tests.tuner.space.test_space import GOOD
from tuner.errors import TunerError
from tuner.record.compatibility import recorded_space, resumed_space
from tuner.record.run_folder import RunFolder
from tuner.space import Machine, Space, dump_space, resolve_scale

SCALED = GOOD | {"scales": {"cpu": {"width": 16}, "gpu": {"width": 64}}}
RUN = RunFolder(Path("runs/one"))


def recorded(**changes: object) -> Space:
    return resolve_scale(Space.model_validate(SCALED | changes), Machine(cpus=2))


def test_a_run_would_not_be_found_by_its_record(tmp_path: Path) -> None:
    assert recorded_space(RunFolder(tmp_path)) is None
    dump_space(recorded(), tmp_path / "space.yaml")
    assert recorded_space(RunFolder(tmp_path)) == recorded()


def test_the_same_command_would_not_go_on() -> None:
    assert resumed_space(recorded(), Space.model_validate(SCALED), RUN) == recorded()
    assert resumed_space(recorded(), recorded(), RUN) == recorded()


def test_a_machine_with_a_gpu_would_go_on_at_another_scale() -> None:
    resumed = resumed_space(recorded(), Space.model_validate(SCALED), RUN)
    assert resolve_scale(resumed, Machine(cpus=8, gpus=8)).fixed == {"width": 16}


@pytest.mark.parametrize(
    "changes", [{"trials": 40}, {"wandb": "off"}, {"data": {"folder": "/elsewhere"}}]
)
def test_what_changes_no_trial_would_be_refused(changes: dict[str, object]) -> None:
    wanted = Space.model_validate(SCALED | changes)
    assert resumed_space(recorded(), wanted, RUN) == recorded(**changes)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"epochs": 3}, "  epochs: the run has 2, now given 3"),
        ({"sampler": {"seed": 1}}, "  sampler.seed: the run has 0, now given 1"),
        ({"data": {"size": 64}}, "  data.size: the run has 32, now given 64"),
        ({"fixed": {"abc_weight": 2}}, "  fixed.abc_weight: the run has none, now given 2"),
        ({"scale": "gpu"}, "  fixed.width: the run has 16, now given 64"),
        (
            {"search": {"patch_n": {"int": [1, 8]}}},
            "  search.patch_n.int: the run has [1, 9], now given [1, 8]",
        ),
    ],
)
def test_trials_that_cannot_be_compared_would_be_mixed(
    changes: dict[str, object], line: str
) -> None:
    with pytest.raises(TunerError) as caught:
        resumed_space(recorded(), Space.model_validate(SCALED | changes), RUN)
    assert line in str(caught.value).splitlines()
    assert "runs/one cannot go on" in str(caught.value)
    assert "another --run" in str(caught.value)
