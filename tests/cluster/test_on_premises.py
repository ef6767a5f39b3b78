"""A search on three hosts that `ray up` started, through the loss of a host and of its driver.

The tests follow each other on one cluster, as an operator's day would.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.lab.host import SHARED
from tests.cluster.lab.lab import REPOSITORY, Lab
from tests.cluster.launcher import Launcher, wait_for
from tests.cluster.recorded import epochs_of, hosts_of, states_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

EPOCHS, TRIALS = 30, 3
SEARCH = (
    "python -m tuner.search --space search_spaces/lossweights.yaml "
    "--set data.dataset=digits --set data.size=16 --set scales.cpu.width=4 --wandb off "
    f"--runs {SHARED}/runs "
)
LONG = (
    f"{SEARCH} --name long --set scales.cpu.epochs={EPOCHS} --set scheduler.name=none "
    f"--trials {TRIALS} --set resources.concurrent_trials=3"  # of 6 places: some are free
)

DRIVER = "'^[^ ]*python[^ ]* -m tuner.search'"
RESUME = f"python -m tuner.search --resume --runs {SHARED}/runs --name long"
LEFT = "ps -eo args | grep -E '[r]aylet|[g]cs_server|[r]ay::|/[r]ay/|[t]uner.search'"


@pytest.fixture(scope="module")
def cluster(hosts: Lab) -> Iterator[Launcher]:
    launcher = Launcher(hosts, REPOSITORY / "docs" / "on-premises.yaml")
    launcher.up()
    yield launcher


def test_a_host_of_the_cluster_would_stay_idle(cluster: Launcher) -> None:
    """Trials as long as it takes: short ones end on the first hosts before others have started."""
    run = cluster.hosts.shared / "runs" / "wide"
    endless = "--set scales.cpu.epochs=100000 --set scheduler.name=none"
    driver = cluster.start(f"{SEARCH} --name wide {endless} --trials 6")
    every = {host.name for host in cluster.hosts.hosts}
    wait_for("epochs on every host", 180, lambda: _machines(run) == every, of=driver)
    cluster.hosts.head.run(f"pkill -INT -f {DRIVER}")
    assert driver.wait(timeout=60) != 0


def test_a_search_outlives_a_lost_host_and_a_killed_driver(cluster: Launcher) -> None:
    run = cluster.hosts.shared / "runs" / "long"
    driver = cluster.start(LONG)
    wait_for("epochs on a worker", 180, lambda: bool(_on_workers(run)), of=driver)

    lost, worker = _on_workers(run)[0]
    next(host for host in cluster.hosts.workers if host.name == worker).run("pkill -9 -x raylet")
    before = len(hosts_of(run)[lost])
    wait_for("the trial to go on", 180, lambda: hosts_of(run)[lost][-1] != worker, of=driver)

    cluster.hosts.head.run(f"pkill -9 -f {DRIVER}")
    assert driver.wait(timeout=60) != 0
    said = cluster.execute(RESUME, timeout=240)

    assert f"long: {TRIALS} trials" in said
    assert states_of(run) == dict.fromkeys(range(TRIALS), "complete")
    assert epochs_of(run) == {n: list(range(1, EPOCHS + 1)) for n in range(TRIALS)}
    assert set(hosts_of(run)[lost][:before]) == {worker}, "went on from its checkpoint"
    assert _machines(run) > {worker}


def test_a_submitted_search_needs_no_operator(cluster: Launcher) -> None:
    run = cluster.hosts.shared / "runs" / "submitted"
    command = f"{SEARCH} --name submitted --set scales.cpu.epochs=2 --trials 3"
    job = "--submission-id submitted --no-wait --address http://127.0.0.1:8265"
    cluster.execute(f'ray job submit {job} -- sh -c "cd ~/tuner && {command}"')
    status = "ray job status --address http://127.0.0.1:8265 submitted"

    def ended() -> bool:  # no connection of the operator's is open in between
        return "succeeded" in cluster.execute(status)

    wait_for("the job to succeed", 180, ended)
    assert len(states_of(run)) == 3
    cluster.fetch(f"{SHARED}/runs/submitted/", "~/fetched/")
    assert "best.yaml" in cluster.hosts.operator.run("ls ~/fetched").stdout


def test_the_dashboard_would_be_reached_without_ssh(cluster: Launcher) -> None:
    ask = "import socket; socket.create_connection(('{}', 8265), timeout=5)"
    address = cluster.hosts.head.address
    python = sys.executable
    assert not cluster.hosts.head.run(f'{python} -c "{ask.format("127.0.0.1")}"').stderr
    refused = cluster.hosts.operator.run(f'{python} -c "{ask.format(address)}"', check=False)
    assert "ConnectionRefusedError" in refused.stderr


def test_down_would_leave_the_head_running(cluster: Launcher) -> None:
    cluster.down()  # the workers' Ray ends by itself, when it has missed its head for a while
    head = cluster.hosts.head
    wait_for("the head to be still", 60, lambda: not head.run(LEFT, check=False).stdout)


def _machines(run: Path) -> set[str]:
    return {host for hosts in hosts_of(run).values() for host in hosts}


def _on_workers(run: Path) -> list[tuple[int, str]]:
    """The trials that have two epochs from a machine that is not the head, and that machine."""
    return [
        (number, hosts[-1])
        for number, hosts in hosts_of(run).items()
        if len(hosts) >= 2 and hosts[-1] != "head"
    ]
