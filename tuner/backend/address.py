"""What an address of a Ray cluster can be, told apart before Ray waits minutes for an answer."""

import os
import socket

from tuner.errors import TunerError

CLUSTER_VARIABLE = "RAY_ADDRESS"
AUTO = "auto"
_ANSWER_S = 10.0
_ELSEWHERE = (
    f"Start one with `ray up cluster.yaml`, or leave --address and ${CLUSTER_VARIABLE} out to "
    "stay on this machine"
)


def named_address(given: str | None) -> str | None:
    """The cluster of `--address`, else of $RAY_ADDRESS; None to stay on this machine."""
    return given or os.environ.get(CLUSTER_VARIABLE) or None


class NoCluster(TunerError):  # noqa: N818 - it says what happened
    """There is no cluster to join at an address; `text` says why, `remedy` what to do."""

    def __init__(self, text: str, remedy: str = _ELSEWHERE) -> None:
        self.text, self.remedy = text, remedy
        super().__init__(f"{text}. {remedy}.")


def _is_left_over(address: str) -> bool:
    """Whether the environment names it, perhaps from other work."""
    return os.environ.get(CLUSTER_VARIABLE) == address


def _typed(address: str) -> str:
    """The address with what named it."""
    left_over = _is_left_over(address)
    return f"${CLUSTER_VARIABLE} ({address})" if left_over else f"--address {address}"


def check_form(address: str) -> None:
    """Raise TunerError for what can be no address of a search; nothing is asked of a network."""
    typed = _typed(address)
    elsewhere = f" {_ELSEWHERE}." if typed.startswith("$") else ""
    if "://" in address:
        raise TunerError(
            f"{typed}: a search is driven on a machine of the cluster, never through "
            f"Ray Client. Run the command on the head, such as by `ray exec cluster.yaml "
            f"'cd tuner && python -m tuner.search ...'`, where --address is auto.{elsewhere}"
        )
    host, _, port = address.rpartition(":")
    if address not in (AUTO, "local") and not (host and port.isdigit()):
        raise TunerError(
            f"{typed}: must be auto, on a machine of the cluster, or the head's "
            f"<host>:<port>, such as 10.0.0.5:6379.{elsewhere}"
        )


def reached(address: str) -> str:
    """Return where Ray would join a cluster, something having answered there; `local` stays so.

    Raises TunerError, NoCluster where nothing answers. Joining would wait for that many minutes.
    """
    check_form(address)
    if address == "local":
        return address
    found = _resolved(address)
    host, _, port = found.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except OSError as error:
        raise no_entry(address, found, error) from error
    return found


def no_entry(address: str, found: str, error: Exception) -> NoCluster:
    """What to say where a cluster cannot be joined."""
    why = str(error).rstrip(".")
    if address == AUTO:
        return NoCluster(
            f"{_typed(address)} found Ray at {found}, which does not let us in ({why}): it may be "
            "another search's own",
            "Give <host>:6379, or leave --address out",
        )
    named = f" (${CLUSTER_VARIABLE})" if _is_left_over(address) else ""
    return NoCluster(f"There is no Ray cluster at {address}{named} that lets us in: {why}")


def _resolved(address: str) -> str:
    """Ask Ray where it would go; a search's own Ray listens to nobody where that leads."""
    from tuner.backend.ray_internals import resolved_address  # noqa: PLC0415 - 1 s

    try:
        found = resolved_address(address)
    except ConnectionError:
        found = None
    except (OSError, ValueError) as error:
        raise no_entry(address, address, error) from error
    if found is None:
        raise NoCluster(f"There is no Ray cluster on this machine ({_typed(address)})")
    return found
