"""`python -m tuner.search` from Python."""

import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Never

from models.names import shown
from tuner.api.options import Set, as_yaml, given_options, overrides, refuse
from tuner.api.run import Run
from tuner.api.stopping import working
from tuner.errors import SpaceError, TunerError
from tuner.search.from_options import searched
from tuner.search.named_run import found_folder
from tuner.search.options import parser
from tuner.space import Space
from tuner.space.writing import space_text

AnySpace = str | Path | Space | Mapping[str, Any]
"""A space file by its path, or what one says: a Space, or the mapping of its keys."""


def search(  # noqa: PLR0913 - the command's options
    space: AnySpace | None = None,
    *,
    run: str | Path | None = None,
    runs: str | Path | None = None,
    resume: bool = False,
    set: Set | None = None,
    trials: int | str | None = None,
    time_budget: str | float | None = None,
    earlier: str | Path | Sequence[str | Path] = (),
    seed: int | None = None,
    address: str | None = None,
    storage: str | Path | None = None,
    wandb: str | None = None,
    quiet: bool = False,
    **unknown: Never,
) -> Run:
    """Search the hyperparameters of a detector; returns the run, with its trials and figures.

    The words are those of `python -m tuner.search --help`; `--from`, no word of Python's, is
    `earlier`. `quiet` says nothing and shows no progress. A notebook's stop button ends the search
    in good order: the run that is returned is not `finished`, and `resume=True` goes on with it.
    Raises TunerError for what people can put right, and KeyboardInterrupt where it is stopped
    before its first trial starts.
    """
    refuse(search, unknown)
    if not isinstance(earlier, str | Path | Sequence):
        raise TunerError(f"earlier: must be a run, or a list of runs; got {shown(earlier)}")
    with _file(space) as file:
        given = given_options(
            parser(),
            space=file,
            run=run,
            runs=runs,
            resume=resume or None,
            yes=True,
            set=overrides(set),
            trials=trials,
            time_budget=time_budget,
            **{"from": [earlier] if isinstance(earlier, str | Path) else list(earlier)},
            seed=seed,
            address=address,
            storage=storage,
            wandb=wandb,
        )
        with working(quiet=quiet):
            folder = found_folder(given)
            summary = searched(given, folder)
    if summary is not None and summary.signal not in (None, signal.SIGINT):
        raise SystemExit(128 + summary.signal)
    return Run(folder.path.absolute())


@contextmanager
def _file(space: AnySpace | None) -> Iterator[str | Path | None]:
    """The space as a file, named after its detector where it is none: so is its run then."""
    if space is None or isinstance(space, str | Path):
        yield space
        return
    if not isinstance(space, Space | Mapping):
        allowed = "must be the path of a space file, a mapping of its keys, or a Space"
        raise TunerError(f"space: {allowed}; got {shown(space)}")
    text = space_text(space) if isinstance(space, Space) else as_yaml("space", dict(space))
    detector = space.detector if isinstance(space, Space) else str(space.get("detector"))
    name = detector if re.fullmatch(r"[\w-]+", detector) else "space"
    with TemporaryDirectory(prefix="tuner-") as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            yield path
        except SpaceError as error:
            lines = {each.origin for each in error.problems if each.origin.startswith(folder)}
            raise error.with_origins(dict.fromkeys(lines, "")) from None
