"""Addresses that no search can use are refused at once, with what to do."""

import socket

import pytest

from tuner.backend.address import check_address
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
        check_address(address)


def test_a_port_that_nobody_answers_would_keep_people_waiting() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: refused
        with pytest.raises(TunerError, match=r"no Ray cluster at 127\.0\.0\.1.*ray up"):
            check_address(f"127.0.0.1:{closed.getsockname()[1]}")


def test_a_head_that_answers_would_be_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as head:
        check_address(f"127.0.0.1:{head.getsockname()[1]}")
    check_address("auto")
