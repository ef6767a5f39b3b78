"""A stand-in for W&B's server that takes in what the real client sends, and goes away if told to.

It speaks the part of W&B's protocol that wandb 0.31 uses for runs: `/graphql`, the runs' streams of
rows and the upload of files. Whatever else the client asks for is kept in `surprises`.

How W&B's own server files rows is published nowhere. Here, as its client takes for granted when it
sends a log again, a row replaces an earlier one of its step. The client is told the number of all
lines, the replaced ones too: the less comfortable reading, by which it skips rows too many.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tuner.wandb_artifacts import Artifacts
from tests.tuner.wandb_files import beginning

KEY = "k" * 40  # W&B's client takes keys of this length alone
ENTITY = "team"
OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")
STREAM = re.compile(r"/files/[^/]+/[^/]+/([^/]+)/file_stream")
ARTIFACT = re.compile(r"/artifact/([^/]+)/(.+)")
UPLOAD = re.compile(r"/upload/([^/]+)/(.+)")
HISTORY, SUMMARY = "wandb-history.jsonl", "wandb-summary.json"


@dataclass
class OnlineRun:
    """What the server knows of a run; `state` is the word of W&B's pages."""

    id: str
    project: str
    name: str = ""
    group: str = ""
    job_type: str = ""
    state: str = "running"
    exit_code: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The history as it would be drawn, by step."""
        rows = {row["_step"]: row for row in map(json.loads, self.lines)}
        return [rows[step] for step in sorted(rows)]

    @property
    def repeated(self) -> int:
        """Rows that came although the server had them."""
        return len(self.lines) - len(self.rows)

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The config without what W&B's client adds of its own."""
        return {key: item["value"] for key, item in self.config.items() if key != "_wandb"}

    @property
    def axes(self) -> dict[str, str]:
        """The axis of each metric that has one; the client sends them coded, by position."""
        metrics = self.config["_wandb"]["value"]["m"]
        names = [metric.get("1") or metric.get("2") for metric in metrics]
        return {
            name: names[metric["5"] - 1]
            for name, metric in zip(names, metrics, strict=True)
            if "5" in metric
        }


class WandbServer:
    """The runs by id, and the switch `away`: as long as it is set, all answers are 503."""

    def __init__(self) -> None:
        self.runs: dict[str, OnlineRun] = {}
        self.artifacts = Artifacts()
        self.surprises: list[str] = []
        self.away = threading.Event()
        self.refused = 0
        self.url = ""
        self._one_at_a_time = threading.Lock()

    def known(self, name: str) -> list[OnlineRun]:
        """The runs that are found by this by now: should be one, or none yet."""
        return [run for run in list(self.runs.values()) if beginning(run.name) == name]

    def named(self, name: str) -> OnlineRun:
        """The one run of this name."""
        (run,) = self.known(name)
        return run

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer to a request."""
        with self._one_at_a_time:
            if self.away.is_set():
                self.refused += 1
                return 503, {"error": "away"}
            if path == "/graphql":
                return 200, self._graphql(json.loads(body))
            if (stream := STREAM.fullmatch(path)) and stream[1] in self.runs:
                return 200, self._take_in(self.runs[stream[1]], json.loads(body))
            if (upload := UPLOAD.fullmatch(path)) and upload[1] in self.runs:
                self.runs[upload[1]].files[upload[2]] = body
                return 200, {}
            if kept := ARTIFACT.fullmatch(path):
                self.artifacts.keep(kept[1], kept[2], body)
                return 200, {}
            self.surprises.append(f"{method} {path}")
            return 404, {"error": "not found"}

    def _graphql(self, request: dict[str, Any]) -> dict[str, Any]:
        found = OPERATION.search(request["query"])
        name = found[1] if found else ""
        variables = request.get("variables") or {}
        data: dict[str, Any] | None
        match name:
            case "Viewer":
                viewer = {"id": "viewer", "entity": ENTITY, "username": ENTITY, "flags": "{}"}
                data = {"viewer": {**viewer, "email": "", "teams": {"edges": []}}}
            case "ServerFeaturesQuery":
                data = {"serverInfo": {"features": []}}
            case "RunResumeStatus":
                data = {"model": self._standing(variables["name"])}
            case "UpsertBucket":
                data = {"upsertBucket": self._upsert(variables)}
            case "CreateRunFiles":
                data = {"createRunFiles": self._places(variables)}
            case _:
                data = self.artifacts.answer(name, variables, self.url)
        if data is not None:
            return {"data": data}
        self.surprises.append(f"GraphQL {name}: {request}")
        return {"data": None, "errors": [{"message": f"unknown operation {name}"}]}

    def _standing(self, run_id: str) -> dict[str, Any]:
        """Where a run stands, for a client that wants to go on with it."""
        run = self.runs.get(run_id)
        if run is None:
            return {**_project(""), "bucket": None}
        internal = run.config["_wandb"]["value"]
        bucket = {
            "id": run.id,
            "name": run.id,
            "displayName": run.name,
            "config": json.dumps(run.config),
            # By this key the client tells a run that has begun from one only planned.
            "wandbConfig": json.dumps({"t": internal["t"]}),
            "summaryMetrics": json.dumps(run.summary),
            "historyLineCount": len(run.lines),
            "historyTail": json.dumps(run.lines[-1:]),
            "eventsLineCount": 0,
            "eventsTail": "[]",
            "logLineCount": 0,
            "tags": run.tags,
            "notes": None,
        }
        return {**_project(run.project), "bucket": bucket}

    def _upsert(self, told: dict[str, Any]) -> dict[str, Any]:
        """Make a run or change one; null leaves a value as it is."""
        new = told["name"] not in self.runs
        run = self.runs.setdefault(told["name"], OnlineRun(told["name"], told["project"]))
        run.name = told["displayName"] or run.name
        run.group = told["groupName"] or run.group
        run.job_type = told["jobType"] or run.job_type
        run.tags = run.tags if told["tags"] is None else told["tags"]
        if told["config"]:
            run.config = json.loads(told["config"])
        bucket = {
            "id": run.id,
            "name": run.id,
            "displayName": run.name,
            "config": json.dumps(run.config),
            "project": _project(run.project),
            "historyLineCount": len(run.lines),
        }
        return {"bucket": bucket, "inserted": new}

    def _places(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Where to put a run's files."""
        base = f"{self.url}/upload/{wanted['run']}"
        files = [{"name": name, "uploadUrl": f"{base}/{name}"} for name in wanted["files"]]
        return {"runID": wanted["run"], "uploadHeaders": [], "files": files}

    def _take_in(self, run: OnlineRun, sent: dict[str, Any]) -> dict[str, Any]:
        """Rows, summary and end of a run.

        Rows come with the number of their first line, so that a request that is sent twice is one.
        """
        files = sent.get("files", {})
        if history := files.get(HISTORY):
            if history["offset"] > len(run.lines):
                self.surprises.append(f"{run.name}: rows from {history['offset']}, a gap")
            run.lines[history["offset"] :] = history["content"]
        if summary := files.get(SUMMARY):
            run.summary = json.loads(summary["content"][-1])
        run.state, run.exit_code = "running", None
        if sent.get("complete"):
            run.exit_code = sent["exitcode"]
            run.state = "finished" if run.exit_code == 0 else "failed"
        return {}


def _project(name: str) -> dict[str, Any]:
    return {"id": "project", "name": name, "entity": {"id": "entity", "name": ENTITY}}


@contextmanager
def wandb_server() -> Iterator[WandbServer]:
    """Serve on a free port of this machine."""
    server = WandbServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # the client keeps its connections

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = server.answer(self.command, self.path, body)
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests' output is no log of requests."""

    class Listening(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: a client that ends breaks its connections off."""

    with Listening(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        http.shutdown()
        thread.join()
