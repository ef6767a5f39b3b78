"""The nodes' answers, compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.console.finding import Finding, fail, ok, warn
from tuner.doctor.node_facts import CODE, Disk, NodeFacts

LITTLE_GB, TOO_LITTLE_GB = 20.0, 2.0
SKEW_S, BAD_SKEW_S = 2.0, 30.0


def versions(nodes: Sequence[NodeFacts]) -> Finding:
    """Ray needs equal versions on all nodes; equal results need them, and equal code of ours."""
    names = list(dict.fromkeys(name for node in nodes for name in node.versions))
    different = [name for name in names if len({node.versions.get(name) for node in nodes}) > 1]
    if different:
        said = "; ".join(
            f"{name}: " + ", ".join(f"{node.versions.get(name)} on {node.host}" for node in nodes)
            for name in different
        )
        return fail(
            "versions",
            said,
            "install the same versions and code on every node, as cluster.yaml does",
        )
    first = nodes[0].versions
    missing = [name for name, number in first.items() if number == "missing"]
    if missing:
        return fail("versions", f"missing: {', '.join(missing)}", "pip install -e . in the project")
    return ok(
        "versions", ", ".join(f"{name} {first[name]}" for name in ("python", "ray", "torch", CODE))
    )


def gpus(node: NodeFacts) -> Finding:
    """Every GPU that the driver lists, or that Ray puts trials on, is one that torch can use."""
    subject = f"GPUs, {node.host}"
    why = f" ({node.gpu_error})" if node.gpu_error else ""
    if node.booked_gpus > max(node.gpus, node.torch_gpus):
        text = (
            f"Ray books {node.booked_gpus}, the driver lists {node.gpus}, torch sees "
            f"{node.torch_gpus}{why}: trials are sent to GPUs that are not there"
        )
        remedy = (
            "load the NVIDIA driver there (nvidia-smi must list them all), or let Ray book only "
            "those that there are: GPU in cluster.yaml, else `ray start --num-gpus`"
        )
        return fail(subject, text, remedy)
    if node.torch_gpus < max(node.gpus, node.booked_gpus):
        text = f"the driver lists {node.gpus}, torch sees {node.torch_gpus}{why}"
        remedy = "install a torch build for this driver (nvidia-smi names its CUDA version)"
        return fail(subject, text, remedy)
    if node.torch_gpus == 0:
        return ok(subject, "none: trials train on cores")
    return ok(subject, f"{node.torch_gpus}, all seen by torch")


def data(node: NodeFacts) -> Finding:
    """The images of the space."""
    subject = f"data, {node.host}"
    if node.data_error:
        return fail(subject, " ".join(node.data_error.split()), "see data.folder in the space")
    if node.data_doubt:
        return warn(subject, f"{node.data}. {node.data_doubt}", "more images help")
    return ok(subject, node.data)


def storage(nodes: Sequence[NodeFacts], place: str, seen: Sequence[str]) -> list[Finding]:
    """Every node can write there, and the driver sees what it wrote: the place is one for all."""
    found = []
    for node in nodes:
        subject = f"storage, {node.host}"
        if node.storage_error:
            remedy = "give --storage a place that this node may write to"
            found.append(fail(subject, node.storage_error, remedy))
        elif node.wrote not in seen:
            text = f"{place} there is not the {place} of this machine"
            remedy = "give --storage a shared folder or s3://bucket/prefix"
            found.append(fail(subject, text, remedy))
        else:
            found.append(ok(subject, f"{place} is written to and read"))
    return found


def clock(node: NodeFacts) -> Finding:
    """Tokens and S3 refuse requests of clocks that differ much."""
    subject = f"clock, {node.host}"
    text = f"{abs(node.ahead_s):.1f} s {'ahead' if node.ahead_s > 0 else 'behind'}"
    if abs(node.ahead_s) > BAD_SKEW_S:
        return fail(subject, text, "start chrony or ntpd there")
    if abs(node.ahead_s) > SKEW_S:
        return warn(subject, text, "start chrony or ntpd there")
    return ok(subject, "agrees with this machine")


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a search's checkpoints and detectors may come to, and what was taken for that."""

    gb: float
    taken: str = ""


def disks(node: NodeFacts, need: Need | None = None) -> list[Finding]:
    """Room for results, and for Ray's logs and the object store's spilling on the node itself.

    `need` is the search's where it writes, where that is known.
    """
    return [_disk(node.host, disk, need if disk.results else None) for disk in node.disks]


def _disk(host: str, disk: Disk, need: Need | None) -> Finding:
    subject, text = f"disk, {host}", f"{disk.free_gb:.0f} GB free at {disk.folder}"
    if need is not None:
        text += f", the search needs up to {need.gb:.1f} GB{need.taken}"
    if disk.free_gb < TOO_LITTLE_GB + (need.gb if need else 0):
        smaller = ", or set a smaller storage_limit" if need else ""
        return fail(subject, text, f"free {LITTLE_GB:.0f} GB there{smaller}")
    if disk.free_gb < LITTLE_GB:
        return warn(subject, text, f"{LITTLE_GB:.0f} GB are enough for most searches")
    return ok(subject, text)
