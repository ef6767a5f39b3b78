"""Addresses that no search can use are refused at once, with what to do."""

import socket

import pytest
from ray._private import services

from tuner.backend.address import NoCluster, check_form, reached
from tuner.errors import TunerError


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ray://10.0.0.5:10001", "never through Ray Client.*ray exec cluster.yaml"),
        ("nonsense", "must be auto.*<host>:<port>"),
        ("10.0.0.5", "must be auto"),
    ],
)
def test_an_address_of_the_wrong_kind_would_be_tried(address: str, said: str) -> None:
    with pytest.raises(TunerError, match=said):
        check_form(address)


def test_a_port_that_nobody_answers_would_keep_people_waiting() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: refused
        with pytest.raises(TunerError, match=r"no Ray cluster at 127\.0\.0\.1.*ray up"):
            reached(f"127.0.0.1:{closed.getsockname()[1]}")


def test_a_head_that_answers_would_be_refused() -> None:
    with socket.create_server(("", 0)) as head:
        port = head.getsockname()[1]
        assert reached(f"127.0.0.1:{port}").endswith(f":{port}")
    assert reached("local") == "local"


@pytest.fixture
def local_rays(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The addresses that Ray finds among this machine's processes."""
    found: set[str] = set()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(services, "find_gcs_addresses", lambda: found)
    monkeypatch.setattr(services, "find_bootstrap_address", lambda _: None)
    return found


def test_rays_own_advice_would_be_given_where_there_is_no_cluster(local_rays: set[str]) -> None:
    with pytest.raises(NoCluster) as raised:
        reached("auto")
    assert str(raised.value).startswith("There is no Ray cluster on this machine (--address auto).")
    assert ".." not in str(raised.value)
    assert "ray start" not in str(raised.value)


def test_the_ray_of_another_search_would_keep_people_waiting(local_rays: set[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another:
        local_rays.add(f"127.0.0.1:{another.getsockname()[1]}")
        with pytest.raises(
            NoCluster, match=r"auto found Ray at .* does not let us in.*another sea"
        ):
            reached("auto")
