"""`python -m tuner.retrain` from Python."""

from pathlib import Path
from typing import Never

from tuner.api.options import Set, given_options, overrides, refuse
from tuner.api.stopping import working
from tuner.retrain.__main__ import parser, retrained
from tuner.retrain.each_class import EachSummary
from tuner.retrain.flow import RetrainSummary


def retrain(  # noqa: PLR0913 - the command's options
    run: str | Path | None = None,
    *,
    config: str | Path | None = None,
    seeds: int | None = None,
    epochs: int | None = None,
    baselines: bool = True,
    published: bool | None = None,
    top: int | None = None,
    until: float | None = None,
    max_trainings: int | None = None,
    ensemble: int | None = None,
    address: str | None = None,
    storage: str | Path | None = None,
    again: bool = False,
    set: Set | None = None,
    quiet: bool = False,
    **unknown: Never,
) -> RetrainSummary | EachSummary:
    """Retrain the best configuration of a run with fresh seeds, and open the test split once.

    With `top` it is first chosen among so many of the best; with `ensemble` the mean score of so
    many trainings becomes the model where validation says so.

    The words are those of `python -m tuner.retrain --help`; `quiet` says nothing. Raises TunerError
    for what people can put right.
    """
    refuse(retrain, unknown)
    given = given_options(
        parser(),
        run=run,
        config=config,
        seeds=seeds,
        epochs=epochs,
        baselines=None if baselines else False,
        published=published,
        top=top,
        until=until,
        max_trainings=max_trainings,
        ensemble=ensemble,
        address=address,
        storage=storage,
        again=again or None,
        set=overrides(set),
    )
    with working(quiet=quiet):
        return retrained(given)
