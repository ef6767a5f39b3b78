"""Each thing that goes wrong is found, with what to do beside it."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import wandb

from tests.tuner.space.test_space import GOOD, good_text
from tests.tuner.wandb_server import KEY
from tuner.console.finding import Finding
from tuner.doctor import __main__ as doctor
from tuner.doctor import checks, local_checks
from tuner.doctor.checks import Need
from tuner.doctor.node_facts import CODE, Disk, NodeFacts, Question, examine
from tuner.doctor.preflight import needed
from tuner.errors import TunerError
from tuner.record.provenance import code_digest, code_versions
from tuner.space import Machine, Space


def node(host: str = "a", **changes: Any) -> NodeFacts:
    well: dict[str, Any] = {
        "host": host,
        "versions": {"python": "3.11.7", "ray": "2.60.0", "torch": "2.14.1", CODE: "3fa9c1d2"},
        "cpus": 8,
        "gpus": 2,
        "booked_gpus": 2,
        "torch_gpus": 2,
        "gpu_error": "",
        "data": "digits",
        "data_error": "",
        "data_doubt": "",
        "storage_error": "",
        "wrote": f".doctor-{host}",
        "disks": (Disk(folder="/runs", free_gb=100.0, results=True),),
    }
    return NodeFacts(**{**well, **changes})


def disk(free_gb: float, need: Need | None = None, *, local: bool = False) -> Finding:
    """What is said of a disk of results, or of a node's own beside a shared one with room."""
    roomy = Disk(folder="/runs", free_gb=1000, results=True)
    own = Disk(folder="/tmp", free_gb=free_gb)
    full = Disk(folder="/runs", free_gb=free_gb, results=True)
    return checks.disks(node(disks=(roomy, own) if local else (full,)), need)[-1]


def test_a_healthy_node_would_be_found_ill() -> None:
    on_cores = node("b", gpus=0, booked_gpus=0, torch_gpus=0, ahead_s=0.5)
    well = [node("a"), on_cores]
    findings = [checks.versions(well), *checks.storage(well, "s3://b", [".doctor-a", ".doctor-b"])]
    for one in well:
        findings += [checks.gpus(one), checks.data(one), checks.clock(one), *checks.disks(one)]
    findings += [local_checks.authentication(False), local_checks.own_authentication({})]
    assert {finding.verdict for finding in findings} == {"ok"}


@pytest.mark.parametrize(
    ("finding", "verdict", "said"),
    [
        (checks.versions([node("a"), node("b", versions={"ray": "2.59"})]), "fail", "2.59 on b"),
        (
            checks.versions([node("a"), node("b", versions={CODE: "0"})]),
            "fail",
            f"{CODE}: 3fa9c1d2",
        ),
        (checks.versions([node(versions={"ray": "missing"})]), "fail", "missing: ray"),
        (checks.gpus(node(torch_gpus=0, gpu_error="no driver")), "fail", "(no driver)"),
        (checks.gpus(node(booked_gpus=0, torch_gpus=1)), "fail", "lists 2, torch sees 1"),
        (checks.gpus(node(gpus=0, torch_gpus=0)), "fail", "Ray books 2, the driver lists 0"),
        (checks.gpus(node(booked_gpus=3)), "fail", "Ray books 3, the driver lists 2"),
        (checks.data(node(data_error="no copy\nof digits")), "fail", "no copy of digits"),
        (checks.data(node(data_doubt="Validation has 4")), "warn", "digits. Validation has 4"),
        (checks.storage([node(storage_error="read-only")], "x", [])[0], "fail", "read-only"),
        (checks.storage([node("b")], "/runs", [])[0], "fail", "is not the /runs of this machine"),
        (checks.clock(node(ahead_s=-5.0)), "warn", "5.0 s behind"),
        (checks.clock(node(ahead_s=60.0)), "fail", "60.0 s ahead"),
        (disk(10), "warn", "10 GB free at /runs"),
        (disk(1), "fail", "1 GB free at /runs"),
        (disk(30, Need(gb=29)), "fail", "needs up to 29.0 GB"),
        (disk(1, local=True), "fail", "1 GB free at /tmp"),
        (local_checks.authentication(True), "fail", "lets in a wrong token"),
        (local_checks.authentication(None), "warn", "what it asks is unknown"),
        (local_checks.own_authentication({"RAY_AUTH_MODE": "disabled"}), "fail", "disabled"),
    ],
)
def test_what_goes_wrong_would_pass(finding: Finding, verdict: str, said: str) -> None:
    assert finding.verdict == verdict
    assert said in finding.text
    assert finding.remedy


def test_room_for_results_would_be_asked_of_a_disk_that_keeps_none() -> None:
    shared = Disk(folder="/shared", free_gb=1000, results=True)
    own = Disk(folder="/tmp", free_gb=30)
    found = checks.disks(node(disks=(shared, own)), Need(gb=100))
    assert [finding.verdict for finding in found] == ["ok", "ok"]


def test_a_nodes_own_disk_would_not_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folders(storage: str) -> list[str]:
        return [disk.folder for disk in examine(Question(data=None, storage=storage)).disks]

    monkeypatch.setenv("RAY_TMPDIR", "/dev/shm/of-ray")  # another file system than any for results
    assert folders(str(tmp_path)) == [str(tmp_path), "/dev/shm"]
    assert folders("other://bucket") == ["/dev/shm"]


def test_a_disk_would_be_looked_at_that_ray_does_not_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that is too long for its sockets, as those of batch systems may be."""
    monkeypatch.setenv("RAY_TMPDIR", f"/dev/shm/{'x' * 100}")
    disks = examine(Question(data=None, storage=str(tmp_path))).disks
    assert "/dev/shm" not in [disk.folder for disk in disks]


def test_a_search_of_many_lanes_would_be_reckoned_as_one_trial_a_gpu() -> None:
    def of(lanes: object) -> Need:
        space = GOOD | {"trials": 40, "storage_limit": "none", "resources": {"lanes": lanes}}
        return needed(Space.model_validate(space), Machine(cpus=8, gpus=2))

    assert of(8).gb > of(1).gb == of("auto").gb
    assert of(8).taken == ""
    assert "one trial a GPU" in of("auto").taken


def code_of(folder: Path, **files: str) -> str:
    """Write files of an installed package, by name; returns what tells its code from another."""
    for name, text in files.items():
        path = folder / "tuner" / "space" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return code_digest([folder / "tuner"])


def test_nodes_whose_code_differs_would_be_called_equal_or_equal_ones_different(
    tmp_path: Path,
) -> None:
    first = code_of(tmp_path / "a", rules="limit = 1", model="")
    assert first == code_of(tmp_path / "b", model="", rules="limit = 1")
    (tmp_path / "b" / "tuner" / "rules.pyc").write_text("compiled")
    assert first == code_of(tmp_path / "b")
    assert first != code_of(tmp_path / "c", rules="limit = 2", model="")
    assert first != code_of(tmp_path / "d", rules="", model="limit = 1")
    assert first != code_of(tmp_path / "e", rules="limit = 1", model="", more="")


def test_the_code_of_a_node_would_not_be_found_in_a_record(tmp_path: Path) -> None:
    facts = examine(Question(data=None, storage=str(tmp_path)))
    assert facts.versions[CODE] == code_versions()["tuner"]


def test_a_server_that_does_not_answer_would_be_called_reachable_or_a_key_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert local_checks.wandb("online").verdict == "ok"
    refused = local_checks.wandb("online")
    assert refused.verdict == "warn"
    assert KEY not in str(refused)


def test_a_port_open_to_others_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as beyond,
        socket.create_server(("127.0.0.1", 0)) as within,
    ):
        ports = {one.getsockname()[1]: "a server" for one in (beyond, within)}
        monkeypatch.setattr(local_checks, "PORTS", ports)
        finding = local_checks.ports(None)
        assert finding.verdict == "warn"
        assert str(beyond.getsockname()[1]) in finding.text
        assert str(within.getsockname()[1]) not in finding.text
        assert local_checks.ports("auto").verdict == "ok"
        monkeypatch.setattr(local_checks, "DASHBOARD", beyond.getsockname()[1])
        assert local_checks.ports("auto").verdict == "warn"
        monkeypatch.setattr(local_checks, "DASHBOARD", within.getsockname()[1])
        assert local_checks.ports("auto").verdict == "ok"


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options for a space of digits, in a working folder with a file that is no folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("RAY_ADDRESS", "TUNER_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").write_text("a file is no folder")
    space = tmp_path / "small.yaml"
    space.write_text(good_text(), encoding="utf-8")
    return ["--space", str(space), "--set", "data={dataset: digits, normal: [0]}"]


def failures(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("fail")]


def test_cores_that_are_not_there_would_end_the_list(
    digits: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([*digits, "--set", "resources.cpus_per_trial=6400"]) == 1
    said = capsys.readouterr().out
    (line,) = failures(said)
    assert line.startswith("fail  resources: a trial asks for 6400 cores, allowed are 1 to ")
    assert "disk, " in said
    assert "storage, " in said


def test_a_cluster_that_is_not_there_would_be_judged(
    digits: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main([*digits, "--address", "127.0.0.1:9"]) == 1
    (line,) = failures(capsys.readouterr().out)
    assert line.startswith("fail  cluster: There is no Ray cluster at 127.0.0.1:9")
    assert line.count("leave --address") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "foo=1"], "--set needs --space"),
        (["--address", "nonsense"], "--address nonsense: must be auto"),
        (["--storage", "gs://x"], "--storage: must be a folder"),
        (["--storage", ""], "--storage: must not be empty"),
    ],
)
def test_a_wrong_command_would_be_a_finding(
    digits: list[str], capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert doctor.main(options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "variables", "asked"),
    [
        ("", {}, (urlsplit(wandb.Settings().base_url).hostname, 443)),
        ("[default]\nbase_url = https://wandb.corp\n", {}, ("wandb.corp", 443)),
        ("", {"WANDB_BASE_URL": "http://wandb.corp"}, ("wandb.corp", 80)),
        ("", {"WANDB_BASE_URL": "http://wandb.corp:8080"}, ("wandb.corp", 8080)),
    ],
)
def test_another_server_than_the_searchs_would_be_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    variables: dict[str, str],
    asked: tuple[str | None, int],
) -> None:
    def away(address: tuple[str, int], timeout: float) -> socket.socket:
        raise OSError(f"{address} is away")

    monkeypatch.setattr(socket, "create_connection", away)
    (tmp_path / "settings").write_text(settings)
    told = {"WANDB_API_KEY": KEY, "WANDB_CONFIG_DIR": str(tmp_path), **variables}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert f"{asked} is away" in local_checks.wandb("online").text


def test_wandb_would_be_said_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", "/nowhere")
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    text = local_checks.wandb("online").text
    assert text.startswith("no key found")


def test_the_command_would_hide_a_failure(
    digits: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor.main(digits) == 0
    said = capsys.readouterr().out
    assert "fit " in said
    assert not list((tmp_path / "runs").glob("*"))
    assert doctor.main(["--storage", "file/runs"]) == 1
    assert failures(capsys.readouterr().out)


def test_what_the_search_refuses_or_takes_otherwise_would_pass(
    digits: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_few(*_: object) -> None:
        raise TunerError("too few for the mixture")

    space = Path(digits[1])
    space.write_text(good_text(scales="{cpu: {fit_normals: 40}, gpu: {fit_normals: 40}}"))
    assert doctor.main([*digits, "--set", "search.patch_n={int: [10, 49]}"]) == 2
    assert "has nothing to search" in capsys.readouterr().err
    space.write_text(f"{space.read_text()}data: {{dataset: digits}}\n")
    assert doctor.main(["--space", str(space)]) == 0
    assert "fit 40 normal and 4 anomalous, validation 28 normal" in capsys.readouterr().out
    monkeypatch.setattr("tuner.doctor.node_facts.check_enough", too_few)
    assert doctor.main(digits) == 1
    assert "too few for the mixture" in failures(capsys.readouterr().out)[0]
