"""What an address of a Ray cluster can be, told apart before Ray waits minutes for an answer."""

import socket

from tuner.errors import TunerError

CLUSTER_VARIABLE = "RAY_ADDRESS"
_ANSWER_S = 10.0


def check_address(address: str) -> None:
    """Raise TunerError for an address that no search can use; `auto` is for Ray to find."""
    if "://" in address:
        raise TunerError(
            f"--address {address}: a search is driven on a machine of the cluster, never through "
            f"Ray Client. Run the command on the head, such as by `ray exec cluster.yaml "
            f"'cd tuner && python -m tuner.search ...'`, where --address is auto."
        )
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise TunerError(
            f"--address {address}: must be auto, on a machine of the cluster, or the head's "
            f"<host>:<port>, such as 10.0.0.5:6379."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except OSError as error:
        raise TunerError(no_cluster(address, error)) from error


def no_cluster(address: str, error: Exception) -> str:
    """What to say where nothing answers at an address."""
    return (
        f"There is no Ray cluster at {address}: {error}. Start one with `ray up cluster.yaml`, or "
        f"leave --address and ${CLUSTER_VARIABLE} out to search on this machine."
    )
