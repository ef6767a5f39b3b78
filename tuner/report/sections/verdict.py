"""What won, by how much, whether that is more than luck, and what to type next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuner.cli.text import counted, duration
from tuner.console.lines import doubt_lines
from tuner.figures.metrics import DEFAULTS, Metrics, keyed_blocks
from tuner.figures.verdicts import verdict_lines
from tuner.figures.words import share, spread_text
from tuner.record.trials import TrialView
from tuner.report.commands import next_commands
from tuner.report.material import Material, settings_of
from tuner.report.section import Section
from tuner.report.words import setting_text
from tuner.results.leaderboard import Gain, Standing, best_published, gain, one_line, value_text


@dataclass(frozen=True, kw_only=True)
class Card:
    """One figure in large print, what it is, and what it must be read beside."""

    title: str
    figure: str
    note: str = ""


def section(material: Material) -> Section:
    """The verdict."""
    return Section(
        key="verdict",
        title="Verdict",
        sentence=_sentence(material),
        context={
            "cards": list(_cards(material)),
            "settings": _settings(material),
            "published": _published_name(material),
            "best": material.ranking[0].trial if material.ranking else None,
            "sentences": list(filter(None, _sentences(material))),
            "next": next_commands(material),
        },
    )


def _sentence(material: Material) -> str:
    if not material.ranking:
        return _nothing(material.trials)
    best, tested = material.ranking[0], _tested(material)
    of = f"the best of {counted(len(material.trials), 'trial')}"
    if tested is not None:
        anomalies = " on synthetic anomalies" if _made(tested) else ""
        return (
            f"Trial {best.trial.number}, {of}, reaches a test AUROC of "
            f"{spread_text(tested['test']['auroc'])}{anomalies} when it is retrained"
            f"{_beside(tested)}."
        )
    found = gain(material.trials, material.space.objective)
    ahead = ""
    if isinstance(found, Gain) and not found.best.trial.published:
        ahead = f", {_gain_text(found)} beside the published {found.published.trial.published}"
        ahead += "" if found.is_shown else ", which chance may explain"
    not_yet = "" if material.finished else " so far"
    value = f"{material.metric_title} {value_text(best)}"
    return f"Trial {best.trial.number} is {of}{not_yet}: {value}{ahead}."


def _beside(tested: Metrics) -> str:
    """How far ahead of the published defaults it is, or else of the best baseline."""
    blocks = {
        key: block for key, block in keyed_blocks(tested).items() if key in tested.get("ahead", {})
    }
    if not blocks:
        return ""
    strongest = max(blocks, key=lambda key: float(blocks[key]["test"]["auroc"]["mean"]))
    key = DEFAULTS if DEFAULTS in blocks else strongest
    ahead, name = tested["ahead"][key], blocks[key]["label"]
    low, high = ahead["ci95"]
    interval = f"95% interval {low:+.4f} to {high:+.4f}"
    if low > 0:
        return f", ahead of {name} by {ahead['auroc']:.4f} ({interval})"
    if high < 0:
        interval = f"95% interval {-high:+.4f} to {-low:+.4f}"
        return f"; {name} does better by {-ahead['auroc']:.4f} ({interval})"
    return f": no more than luck tells it from {name} ({ahead['auroc']:+.4f}, {interval})"


def _nothing(trials: Sequence[TrialView]) -> str:
    if not trials:
        return "The search has not begun a trial yet."
    reasons = [one_line(trial.reason) for trial in trials if trial.reason]
    why = f"; the last: {reasons[-1]}" if reasons else ""
    return f"None of {counted(len(trials), 'trial')} has a valid score{why}."


def _cards(material: Material) -> Iterator[Card]:
    if material.ranking:
        first = material.ranking[0]
        yield Card(
            title=f"best {material.metric_title}",
            figure=value_text(first),
            note=f"trial {first.trial.number}, epoch {first.epoch}, one seed",
        )
    found = gain(material.trials, material.space.objective)
    if isinstance(found, Gain):
        yield Card(
            title=f"gain over published {found.published.trial.published}",
            figure=_gain_text(found),
            note="one seed each, and the best of many: partly luck",
        )
    tested = _tested(material)
    if tested is not None:
        yield from _test_cards(tested)
    else:
        yield Card(title="test AUROC", figure="not yet", note="the best has not been retrained")
    yield Card(
        title="trials",
        figure=str(len(material.trials)),
        note=f"in {duration(material.history.seconds)}"
        + ("" if material.finished else ", unfinished"),
    )


def _test_cards(tested: Metrics) -> Iterator[Card]:
    figure = tested["test"]["auroc"]
    low, high = figure["ci95"]
    made = ", on synthetic anomalies" if _made(tested) else ""
    yield Card(
        title=f"test AUROC{made}",
        figure=spread_text(figure),
        note=(
            f"{counted(figure['n'], 'fresh seed')}; 95% interval over images "
            f"{low:.4f} to {high:.4f}"
        ),
    )
    miss = tested["test"].get("miss_rate_at_5")
    if miss is not None:
        yield Card(
            title=f"missed at 5% false alarms{made}",
            figure=share(miss),
            note="of anomalies on test",
        )


def _sentences(material: Material) -> Iterator[str]:
    """What must be read beside the figures."""
    if material.synthetic:
        yield (
            "All validation figures here are on synthetic anomalies, made of the good images: they "
            "rank configurations, and say little of how many real defects are found."
        )
    tested = _tested(material)
    if tested is not None:
        yield " ".join(verdict_lines(tested))
    elif material.ranking:
        yield " ".join(doubt_lines(material.trials, material.space.objective))
        yield (
            "Whether the best is ahead by more than luck is told by a retrain, which measures it "
            "with fresh seeds on test images that nothing has seen."
        )
    found = gain(material.trials, material.space.objective)
    if isinstance(found, str):
        yield found


def _gain_text(found: Gain) -> str:
    """The gain with its standard error, where it has one."""
    return f"{found.value:+.4f}" + ("" if found.error is None else f" ± {found.error:.4f}")


def _tested(material: Material) -> Metrics | None:
    """The figures on test; a retrain of each class in turn has a table of its own in place."""
    metrics = material.metrics
    return metrics if metrics is not None and "test" in metrics else None


def _made(tested: Metrics) -> bool:
    return bool(tested.get("test_anomalies") == "synthetic")


def _published(material: Material) -> Standing | None:
    return best_published(material.trials, material.space.objective)


def _published_name(material: Material) -> str:
    found = _published(material)
    return "" if found is None else str(found.trial.published)


def _settings(material: Material) -> list[tuple[str, str, str]]:
    """Each searched setting: of the best, and of the best published set."""
    if not material.ranking:
        return []
    best, other = material.ranking[0].trial, _published(material)
    others = {} if other is None else settings_of(other.trial, material.searched)
    return [
        (name, setting_text(value), setting_text(others[name]) if name in others else "")
        for name, value in settings_of(best, material.searched).items()
    ]
