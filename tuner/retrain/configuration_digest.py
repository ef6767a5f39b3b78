"""By what the record of openings tells configurations apart: their hyperparameters alone."""

import hashlib
import json
from collections.abc import Iterator
from itertools import product

from tuner.retrain.plan import Plan, fresh_seeds

_MOST_SEEDS, _MOST_EPOCHS = 32, 300


def configuration_digest(plan: Plan) -> str:
    """The same whatever the seeds, the epochs, and what is trained beside it."""
    return _digest(_hyperparameters(plan))


def earlier_digests(plan: Plan) -> Iterator[str]:
    """What versions whose digest had epochs and seeds in it may have written of this configuration.

    Of a retrain of the same search, with up to so many seeds and epochs: others cannot be told.
    """
    hyperparameters = _hyperparameters(plan)
    drawn = fresh_seeds(plan.search_seed, "retrain", _MOST_SEEDS)
    seeds = {of[:count] for of in (drawn, plan.seeds) for count in range(1, len(of) + 1)}
    epochs = range(1, max(_MOST_EPOCHS, plan.epochs) + 1)
    for count, listed in product(epochs, map(json.dumps, sorted(seeds))):
        yield _digest(
            f'{{"epochs": {count}, "hyperparameters": {hyperparameters}, "seeds": {listed}}}'
        )


def _hyperparameters(plan: Plan) -> str:
    return json.dumps(dict(plan.best.hyperparameters), sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
