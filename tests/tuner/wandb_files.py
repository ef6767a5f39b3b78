"""Reads W&B's offline files: LevelDB's log format around protobuf records."""

import json
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 32768
FULL, FIRST, LAST = 1, 2, 4


@dataclass
class OfflineRun:
    folder: Path
    id: str = ""
    name: str = ""
    group: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    tags: list[str] = field(default_factory=list)
    artifacts: dict[str, dict[str, Path]] = field(default_factory=dict)
    """Of each type, the files by name, and where the copy lies that is to be sent."""


def beginning(name: str) -> str:
    """What a run is found by: of a trial's name the part before its settings."""
    trial = re.match(r"trial-\d+\b", name)
    return trial[0] if trial else name


def records(path: Path) -> list[bytes]:
    """Whole records of a `.wandb` file; a torn tail is left out."""
    data, at, found, part = path.read_bytes(), 7, [], b""
    while at + 7 <= len(data):
        left = BLOCK - at % BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        chunk = data[at + 7 : at + 7 + length]
        if kind not in range(1, 5) or len(chunk) < length:
            break
        at += 7 + length
        part = chunk if kind in (FULL, FIRST) else part + chunk
        if kind in (FULL, LAST):
            found.append(part)
    return found


def read(path: Path) -> OfflineRun:
    from wandb.proto import wandb_internal_pb2

    run = OfflineRun(folder=path.parent)
    for data in records(path):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.id, run.name = record.run.run_id, record.run.display_name
            run.group = record.run.run_group
            run.tags = list(record.run.tags)
            run.config |= {
                item.key: json.loads(item.value_json) for item in record.run.config.update
            }
        elif kind == "history":
            items = record.history.item
            run.rows.append(
                {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}
            )
        elif kind == "summary":
            for item in record.summary.update:
                run.summary[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        elif kind == "metric":
            run.axes[record.metric.name or record.metric.glob_name] = record.metric.step_metric
        elif kind == "artifact":
            entries = record.artifact.manifest.contents
            files = {entry.path: Path(entry.local_path) for entry in entries}
            run.artifacts[record.artifact.type] = files
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def runs(folder: Path) -> dict[str, OfflineRun]:
    """Runs under `folder`/wandb by what they are found by; two of one id are an error."""
    found = [read(path) for path in sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))]
    assert len({run.id for run in found}) == len(found), "a run lies in two folders"
    return {beginning(run.name): run for run in found}
