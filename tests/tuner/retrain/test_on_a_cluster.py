"""Trainings on a cluster that is named: as here, and what fails there is told here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.tuner.retrain.conftest import plan_of
from tests.tuner.retrain.test_training import make_setting
from tuner.errors import TunerError
from tuner.retrain import jobs
from tuner.retrain.jobs import train_all


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a machine of one core."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield made.address
    made.shutdown()


def test_a_failure_in_a_process_would_lose_its_traceback(tmp_path: Path, cluster: str) -> None:
    setting = make_setting(plan_of(tmp_path), tmp_path)
    setting.split_file.write_bytes(b"torn")
    with pytest.raises(TunerError, match="SplitDamaged"):
        train_all(setting, print, address=cluster)
    assert "Traceback" in setting.plan.run_folder.retrain_failure.read_text()


def test_a_cluster_that_is_named_would_not_train_or_train_otherwise(
    tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a single training goes there: it may have what this machine lacks."""
    plan = plan_of(tmp_path)
    setting = make_setting(replace(plan, contenders=(plan.best,), seeds=plan.seeds[:1]), tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (here,) = train_all(setting, lambda text: None)
    monkeypatch.setattr(jobs, "_train_here", None)
    (there,) = train_all(setting, lambda text: None, address=cluster)
    assert [row.losses for row in there.rows] == [row.losses for row in here.rows]
    assert there.folder == here.folder and (there.folder / "config.json").exists()
