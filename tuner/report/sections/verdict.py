"""What won, by how much, whether that is more than luck, and what to type next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tuner.cli.text import counted, duration
from tuner.console.lines import doubt_lines
from tuner.figures.advice import advice
from tuner.figures.metrics import (
    BEST,
    ENSEMBLE,
    Metrics,
    is_ensemble,
    is_made,
    model_decisions,
    model_test,
)
from tuner.figures.small_samples import drop_sentence, few_images, few_normals
from tuner.figures.verdicts import by_mixture, lead_sentence, luck_sentence, verdict_sentences
from tuner.figures.words import ends_text, share, spread_text
from tuner.record.trials import TrialView
from tuner.report.beside import beside_ranking
from tuner.report.commands import next_commands
from tuner.report.material import Material, setting_texts
from tuner.report.section import Section
from tuner.results.leaderboard import Gain, Standing, one_line, value_text


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
            "published": material.published.trial.published if material.published else "",
            "best": material.ranking[0].trial if material.ranking else None,
            "sentences": list(filter(None, _sentences(material))),
            "advice": _advice(material),
            "next": next_commands(material),
        },
    )


def _advice(material: Material) -> str:
    """Whether to use the model; "" where there is none of the best."""
    retrained = material.retrained
    return "" if retrained is None or "test" not in retrained else advice(retrained).sentence


def _sentence(material: Material) -> str:
    if not material.ranking:
        return _nothing(material.trials)
    best, retrained = material.ranking[0], material.retrained
    of = f"the best of {counted(len(material.trials), 'trial')}"
    name = f"Trial {best.trial.number}, {of}"
    if material.chosen:
        trials = counted(len(material.trials), "trial")
        name = f"{material.chosen.capitalize()}, chosen among the best of {trials}"
    if retrained is None:
        return _on_validation(material, best, of)
    if "test" not in retrained:
        return (
            f"{name}, reaches a mean test AUROC of {spread_text(retrained['mean'][BEST])} when it "
            f"is retrained with each of {len(retrained['classes'])} classes in turn as the normal "
            "one."
        )
    figure, anomalies = spread_text(retrained["test"]["auroc"]), _made(retrained, " on")
    tested = f"{name}, reaches a test AUROC of {figure}{by_mixture(retrained)}{anomalies}"
    words = (f"{tested} when it is retrained.", lead_sentence(retrained), luck_sentence(retrained))
    return " ".join(filter(None, words))


def _on_validation(material: Material, best: Standing, of: str) -> str:
    found = material.gain
    ahead = ""
    if isinstance(found, Gain) and not best.trial.published:
        ahead = f", {_gain_text(found)} beside the published {found.published.trial.published}"
        ahead += "" if found.is_shown else ", which chance may explain"
    not_yet = "" if material.finished else " so far"
    value = f"{material.metric_title} {value_text(best)}"
    return f"Trial {best.trial.number} is {of}{not_yet}: {value}{ahead}."


def _nothing(trials: Sequence[TrialView]) -> str:
    if not trials:
        return "The search has not begun a trial yet."
    reasons = [one_line(trial.reason) for trial in trials if trial.reason]
    why = f"; the last: {reasons[-1]}" if reasons else ""
    return f"None of {counted(len(trials), 'trial')} has a valid score{why}."


def _cards(material: Material) -> Iterator[Card]:
    """Those of test first, if there are such: the others are of the images that chose the best."""
    yield from _test_cards(material)
    if material.ranking:
        yield _best_card(material, material.ranking[0])
    found = material.gain
    if isinstance(found, Gain) and not found.best.trial.published:
        luck = "" if found.is_shown else ": chance may explain it"
        yield Card(
            title=f"gain over published {found.published.trial.published}, on validation",
            figure=_gain_text(found),
            note=f"one training each, and the best of {len(material.trials)}{luck}",
        )
    yield Card(
        title="trials",
        figure=str(len(material.trials)),
        note=f"in {duration(material.history.seconds)}"
        + ("" if material.finished else ", unfinished"),
    )


def _best_card(material: Material, first: Standing) -> Card:
    error = "" if first.error is None else "; ± one standard error, of the validation images"
    return Card(
        title=f"best {material.metric_title}",
        figure=value_text(first),
        note=f"trial {first.trial.number} after epoch {first.epoch}, one training{error}",
    )


def _test_cards(material: Material) -> Iterator[Card]:
    retrained = material.retrained
    if retrained is None:
        note = "the best has not been retrained"
        yield Card(title="test AUROC", figure="not yet", note=note)
    elif "test" in retrained:
        yield from _tested_cards(retrained)
    else:
        figure, classes = retrained["mean"][BEST], len(retrained["classes"])
        yield Card(
            title="mean test AUROC",
            figure=spread_text(figure),
            note=f"over {classes} normal classes, {counted(figure['n'], 'fresh seed')} each",
        )


def _tested_cards(tested: Metrics) -> Iterator[Card]:
    figure, made = tested["test"]["auroc"], _made(tested, ", on")
    spread = "" if figure["std"] is None else f"± over {counted(figure['n'], 'fresh seed')}; "
    yield Card(
        title=f"test AUROC{by_mixture(tested)}{made}",
        figure=spread_text(figure),
        note=f"{spread}other test images: {ends_text(figure['ci95'])} (95% interval)",
    )
    if is_ensemble(tested):
        auroc = tested[ENSEMBLE]["test"]["auroc"]
        yield Card(
            title=f"test AUROC of the model, the {tested[ENSEMBLE]['label']}{made}",
            figure=spread_text(auroc),
            note=f"other test images: {ends_text(auroc['ci95'])} (95% interval)",
        )
    miss = model_test(tested).get("miss_rate_at_5")
    if miss is not None:
        yield Card(
            title=f"missed at 5% false alarms{made}",
            figure=share(miss),
            note=few_normals(tested["splits"]) or "of the anomalies of test",
        )
    yield _decided_card(tested, made)


def _decided_card(tested: Metrics, made: str) -> Card:
    """What the model that is kept does with its own threshold, which comes from validation."""
    counts = model_decisions(tested)
    missed, flagged = counts["false_negatives"], counts["false_positives"]
    anomalies, normals = missed + counts["true_positives"], flagged + counts["true_negatives"]
    return Card(
        title=f"missed by the model at its own threshold{made}",
        figure=f"{missed / anomalies:.1%}",
        note=f"{missed:,} of {anomalies:,} anomalies; it flags {flagged:,} of {normals:,} normal",
    )


def _sentences(material: Material) -> Iterator[str]:
    """What must be read beside the figures."""
    if material.synthetic:
        yield (
            "All validation figures here are on synthetic anomalies, made of the good images: they "
            "rank configurations, and say little of how many real defects are found."
        )
    if material.chosen:
        first = material.ranking[0].trial.number
        yield (
            f"Trial {first} was the best in the search; a retrain with fresh seeds has chosen "
            f"{material.chosen}, which was then tested."
        )
    elif material.other:
        yield (
            f"The figures on test images below are of {material.other}, not of the best trial, "
            "which has not been retrained as it is."
        )
    retrained = material.retrained
    if retrained is not None and "test" in retrained:
        yield from verdict_sentences(retrained)
        yield drop_sentence(retrained)
        yield " ".join(few_images(retrained["splits"]))
    elif material.ranking:
        yield " ".join(doubt_lines(material.trials, material.space.objective))
    if retrained is None and material.ranking:
        yield (
            "Whether the best is ahead by more than luck is told by a retrain, which measures it "
            "with fresh seeds on test images that nothing has seen."
        )
    yield from beside_ranking(material)


def _gain_text(found: Gain) -> str:
    """The gain with its standard error, where it has one."""
    return f"{found.value:+.4f}" + ("" if found.error is None else f" ± {found.error:.4f}")


def _made(tested: Metrics, joined: str) -> str:
    """That the anomalies of test were made, where they were."""
    return f"{joined} synthetic anomalies" if is_made(tested) else ""


def _settings(material: Material) -> list[tuple[str, str, str]]:
    """Each searched setting: of the best, and of the best published set."""
    if not material.ranking:
        return []
    best, other = material.ranking[0].trial, material.published
    others = {} if other is None else setting_texts(other.trial, material.searched)
    return [
        (name, text, others.get(name, ""))
        for name, text in setting_texts(best, material.searched).items()
    ]
