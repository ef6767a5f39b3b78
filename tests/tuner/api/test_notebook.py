"""The notebook that README leads to, executed; and the stop button, pressed in a real kernel."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuner.api import Run

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
_STOPPED_AFTER = re.compile(r"\b[1-9]\d* of 12 trials")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of a kernel's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    return tmp_path


def test_a_notebook_would_be_kept_with_what_it_showed_somewhere() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        written = json.loads(path.read_text(encoding="utf-8"))
        assert written["metadata"].keys() == {"kernelspec", "language_info"}
        assert written["metadata"]["language_info"] == {"name": "python"}
        codes = [cell for cell in written["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in codes)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_would_not_run(place: Path, path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(place)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()
    run = Run(place / "runs" / "first-search")
    assert run.finished and len(run.trials) == 8
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    said = "".join(out["text"] for out in outputs if out["output_type"] == "stream")
    assert "Warning" not in said
    assert "New run first-search." in said, "the cell was cleared"
    assert "first-search: 8 trials in" in said
    assert not re.search(r"trial +\d+  epoch \d/4  auroc", said), "a line for each epoch"
    drawn = [out for out in outputs if "application/vnd.plotly.v1+json" in out.get("data", {})]
    assert len(drawn) == 3


class Kernel:
    """A notebook's kernel, and what a cell shows until it is done."""

    def __init__(self) -> None:
        manager = pytest.importorskip("jupyter_client.manager", reason="jupyter is not installed")
        self.manager, self.client = manager.start_new_kernel(kernel_name="python3")

    def run(self, code: str, *, stop_at: re.Pattern[str] | None = None, presses: int = 1) -> str:
        """Run a cell; press stop when it shows this. Returns its last expression or its error."""
        cell, shown = self.client.execute(code), ""
        while True:
            message = self.client.get_iopub_msg(timeout=240)
            content: dict[str, Any] = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            text = content.get("text") or content.get("data", {}).get("text/plain", "")
            if stop_at is not None and stop_at.search(text):
                stop_at = None
                for _ in range(presses):
                    self.manager.interrupt_kernel()
                    time.sleep(0.5)
            if message["msg_type"] in ("execute_result", "error"):
                shown = text or content["ename"]
            if content.get("execution_state") == "idle":
                return shown


@pytest.fixture
def kernel(place: Path) -> Iterator[Kernel]:
    started = Kernel()
    yield started
    started.manager.shutdown_kernel()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_stop_button_would_end_the_kernel_or_lose_the_search(kernel: Kernel) -> None:
    kernel.run("from tuner.api import search, Run; kept = 'by the person'")
    space = {
        "detector": "two-discriminator-gan",
        "data": {"dataset": "digits", "normal": [0]},
        "search": {"generator_lr": {"log": [1e-4, 1e-3]}},
        "fixed": {"width": 8},
        "trials": 12,
        "epochs": 6,
    }
    start = f"search({space!r}, run='mine', wandb='off')"
    assert re.search(r"not finished; search", kernel.run(start, stop_at=_STOPPED_AFTER))
    before = Run("mine").epochs
    go_on = "search(run='mine', resume=True)"
    twice = kernel.run(go_on, stop_at=re.compile("elapsed"), presses=2)
    assert twice == "KeyboardInterrupt" or "finished" in twice
    assert kernel.run("kept") == "'by the person'"
    assert re.search(r"12 trials, .*, finished>", kernel.run(go_on))
    merged = before.merge(Run("mine").epochs, on=["trial", "epoch", "auroc", "worker"])
    assert len(merged) == len(before) > 0
