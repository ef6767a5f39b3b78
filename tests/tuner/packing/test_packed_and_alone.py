"""The same 24 configurations on digits, packed and one by one: the same search either way."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from random import Random

import pytest

from models.data.config import DataConfig
from tests.tuner.worker.attempts import attempt
from tuner.engine.attempt import Attempt, Report
from tuner.engine.early_stopping import StoppingAsha
from tuner.packing.pack import PackWorker
from tuner.record.trials import Decision
from tuner.worker.search_setting import TrialSetting
from tuner.worker.trial import TrialWorker

CONFIGURATIONS, EPOCHS, LANES, CLOSE = 24, 4, 8, 0.003
Aurocs = list[list[float]]


def configurations() -> list[Attempt]:
    """Drawn as a search would draw them, from a fixed seed."""
    random = Random(0)
    return [
        attempt(
            number,
            seed=number,
            patch_n=random.randint(1, 9),
            patch_weight=random.uniform(0, 5),
            encoder_weight=10 ** random.uniform(-1.3, 0.7),
            abc_weight=10 ** random.uniform(-1, 0.7),
            generator_lr=10 ** random.uniform(-4.7, -3),
            discriminator_lr=10 ** random.uniform(-4.7, -3),
        )
        for number in range(CONFIGURATIONS)
    ]


def auroc(report: Report) -> float:
    assert report.row is not None, report
    return report.row.metrics["auroc"]


def packed(setting: TrialSetting) -> Aurocs:
    worker = PackWorker(setting, LANES)

    def curve(of: Attempt) -> list[float]:
        values = [auroc(worker.next_report(of)) for _ in range(EPOCHS)]
        worker.leave(of.number, of.attempt)
        return values

    with ThreadPoolExecutor(LANES) as threads:
        curves = list(threads.map(curve, configurations()))
    worker.close()
    return curves


def unpacked(setting: TrialSetting) -> Aurocs:
    worker, curves = TrialWorker(setting), []
    for of in configurations():
        worker.begin(of)
        curves.append([auroc(worker.next_report()) for _ in range(EPOCHS)])
    return curves


def decisions(curves: Aurocs) -> list[list[Decision]]:
    """ASHA's, shown the results in the order of trials and epochs."""
    asha, made = StoppingAsha((1, 3), 3), []
    for number, curve in enumerate(curves):
        of_trial: list[Decision] = []
        for epoch in range(1, EPOCHS + 1):
            of_trial.append(asha.decide(number, epoch, max(curve[:epoch])))
            if of_trial[-1].action == "stop":
                break
        made.append(of_trial)
    return made


def close_values(curves: Aurocs, epoch: int) -> list[tuple[int, int]]:
    """Pairs of trials whose values at this rung are too near each other to be told apart."""
    values = {number: max(curve[:epoch]) for number, curve in enumerate(curves)}
    return [(a, b) for a, b in combinations(values, 2) if abs(values[a] - values[b]) <= CLOSE]


def differing(first: Sequence[list[Decision]], second: Sequence[list[Decision]]) -> list[int]:
    return [
        number
        for number, (one, other) in enumerate(zip(first, second, strict=True))
        if [decision.action for decision in one] != [decision.action for decision in other]
    ]


@pytest.mark.long
def test_packing_would_change_what_a_search_finds(
    make_setting: Callable[..., TrialSetting],
) -> None:
    whole = DataConfig(dataset="digits", normal=(0,))  # few images would make AUROCs equal by step
    together = packed(make_setting("packed", whole))
    apart = unpacked(make_setting("alone", whole))
    gaps = [
        abs(one - other)
        for curve, alone in zip(together, apart, strict=True)
        for one, other in zip(curve, alone, strict=True)
    ]
    print(f"largest difference of {len(gaps)} AUROCs: {max(gaps):.5f}")
    assert max(gaps) <= CLOSE
    kept_together, kept_apart = decisions(together), decisions(apart)
    for number in differing(kept_together, kept_apart):
        rung = min(len(kept_together[number]), len(kept_apart[number]))
        near = [pair for pair in close_values(apart, rung) if number in pair]
        print(f"trial {number} is stopped in one of them at epoch {rung}; as close as that: {near}")
        assert near
