"""How much of a search's outcome each hyperparameter explains."""

from collections.abc import Mapping, Sequence

import optuna

from models.hyperparameters import Value
from tuner.space.domains import Domain
from tuner.study.distributions import distribution, is_within


def importances(
    domains: Mapping[str, Domain],
    settings: Sequence[Mapping[str, Value]],
    values: Sequence[float],
    seed: int,
) -> dict[str, float]:
    """The share of the variance of `values` that is each hyperparameter's, by Optuna's fANOVA.

    Settings outside their domain, as a published set's may be, are left out. Empty where the
    values do not vary.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: distribution(domain) for name, domain in domains.items()}
    study = optuna.create_study(direction="maximize")
    for setting, value in zip(settings, values, strict=True):
        if is_within(setting, distributions):
            study.add_trial(
                optuna.trial.create_trial(
                    params=dict(setting), distributions=distributions, value=value
                )
            )
    if len({trial.value for trial in study.get_trials(deepcopy=False)}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, max_depth=16, seed=seed)
    try:
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except RuntimeError:  # no tree has found any variance to share out
        return {}
    return {name: float(found.get(name, 0.0)) for name in domains}
