"""The environment as W&B is to find it while it reads it; put back afterwards."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LEFT_OVER = (
    "WANDB_MODE",  # the mode is chosen by now
    "WANDB_RUN_ID",
    "WANDB_RESUME",
    "WANDB_RESUME_FROM",
    "WANDB_FORK_FROM",
    "WANDB_SWEEP_ID",
    "WANDB_SWEEP_PARAM_PATH",
    "WANDB_LAUNCH",
    "WANDB_CONFIG_PATHS",
    "WANDB_SERVICE",
    "WANDB_TAGS",  # `told.tags` reads them; W&B would refuse an empty one
)
"""What says something of one run of other work; every run of a search would take it for its own."""


@contextmanager
def without_leftovers() -> Iterator[None]:
    """Hide from W&B, while it reads the environment, what is not meant for these runs."""
    hidden = {name: os.environ.pop(name) for name in _LEFT_OVER if name in os.environ}
    try:
        with variables({"WANDB_SILENT": "true"} | _place_for_logs()):
            yield
    finally:
        hidden.pop("WANDB_SERVICE", None)  # by now it would be W&B's own
        os.environ.update(hidden)


@contextmanager
def variables(ours: Mapping[str, str]) -> Iterator[None]:
    """Set these variables, and put back afterwards what they were."""
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _place_for_logs() -> dict[str, str]:
    """A cache for W&B's service where there is no home: else it writes its log on the console."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/proc"), ".cache")
    try:
        Path(cache, "wandb").mkdir(parents=True, exist_ok=True)
    except OSError:
        return {"XDG_CACHE_HOME": tempfile.gettempdir()}
    return {}
