"""Candidates of a retrain and the choice among them, as metrics.json has it, in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.cli.text import aligned, duration
from tuner.figures.words import ends_text, prose

Choice = Mapping[str, Any]
"""`chosen_among` of metrics.json, which is candidates.json without its configuration."""

HEADINGS = (
    "",
    "seeds",
    "mean",
    "95% interval",
    "chance to be best",
    "a training takes",
    "in the search",
)


def choice_sentences(choice: Choice) -> list[str]:
    """Which is the best and how surely, which others may be it, which of all these is cheapest."""
    chosen, most = choice["chosen"], choice["rule"]["most"]
    if len(choice["candidates"]) == 1:
        return [f"Trial {chosen} is the only candidate that is left, and so the one chosen."]
    number = sum(len(each["values"]) for each in choice["candidates"]) + _spent(choice)
    best = (
        f"Trial {chosen} is the best of {len(choice['candidates'])} on {_where(choice)} with "
        f"probability {chance_text(choice['probability'])}"
    )
    if choice["reached"]:
        return [f"{best}, after {number} trainings with fresh seeds."]
    level = choice["rule"]["level"]
    return [
        f"{best}: {level:g} was not reached in {most} trainings.",
        _level_sentence(choice),
        _cheapest_sentence(choice),
    ]


def choice_rows(choice: Choice) -> list[tuple[str, ...]]:
    """A row to a candidate, under HEADINGS; the chosen one has a star."""
    return [
        (
            f"trial {each['trial']}{' *' if each['trial'] == choice['chosen'] else ''}",
            str(len(each["values"])),
            f"{each['mean']:.4f}",
            ends_text(each["interval95"]),
            chance_text(each["probability"]),
            duration(each["training_seconds"]),
            f"{each['searched']:.4f}",
        )
        for each in choice["candidates"]
    ]


def choice_lines(choice: Choice) -> list[str]:
    """The candidates as a terminal shows them."""
    heads = (choice["metric"].upper(), *HEADINGS[1:])
    diverged = [
        f"trial {each['trial']} (seed {', '.join(map(str, each['diverged_seeds']))})"
        for each in choice["candidates"]
        if each["diverged_seeds"]
    ]
    apart = left_out_sentences(choice)
    said = f"Diverged, with the best epoch before: {', '.join(diverged)}." if diverged else ""
    return [
        *aligned([heads, *choice_rows(choice)]),
        *prose(*choice_sentences(choice), f"All of it is on {_where(choice)}.", said, *apart),
    ]


def left_out_sentences(choice: Choice) -> list[str]:
    """Which candidates came to nothing with a seed, and so are compared with none.

    Earlier versions left none out.
    """
    return [
        f"Trial {each['trial']} is left out of the choice: with its seed "
        f"{', '.join(map(str, each['came_to_nothing']))} it came to nothing {_when(each)}"
        f"{_why(each['why'])}."
        for each in choice.get("left_out", ())
    ]


def round_line(choice: Choice) -> str:
    """How it stands after the latest round."""
    rounds, rule = choice["rounds"], choice["rule"]
    trained = sum(rounds[-1]["trainings"]) + _spent(choice)
    chosen = choice["chosen"]  # of the highest mean, which need not be the most probable one
    ordered = sorted(
        choice["candidates"], key=lambda each: (each["trial"] != chosen, -each["probability"])
    )
    first, *others = ((each["trial"], chance_text(each["probability"])) for each in ordered[:3])
    beside = "".join(f", trial {trial} with {chance}" for trial, chance in others)
    return (
        f"Round {len(rounds)}: {trained} of at most {rule['most']} "
        f"trainings; trial {first[0]} is best with probability {first[1]}{beside}"
    )


def chance_text(probability: float) -> str:
    """A probability, never as if it were certain, nor as if it had reached what it has not."""
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{math.floor(100 * probability + 1e-9) / 100:.2f}"


def trials_text(numbers: Sequence[int]) -> str:
    """Trials as people list them: `trial 3`, `trials 3, 7 and 9`."""
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    return f"trials {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _when(left_out: Mapping[str, Any]) -> str:
    """Earlier versions left none out that went beyond its first epoch."""
    early = left_out.get("before_last_stage", False)
    return "before the last stage of its training" if early else "in its first epoch"


def _why(why: str) -> str:
    return f" ({why})" if why else ""


def _spent(choice: Choice) -> int:
    """Trainings of candidates that were left out: the budget counts them too."""
    return sum(len(each["seeds"]) for each in choice.get("left_out", ()))


def _where(choice: Choice) -> str:
    return "synthetic anomalies of validation" if choice["synthetic"] else "validation"


def _level_sentence(choice: Choice) -> str:
    level, others = choice["rule"]["level"], trials_text(choice["may_be_best"])
    return f"With probability {level:g} the best is this one or among {others}."


def _cheapest_sentence(choice: Choice) -> str:
    costs = {each["trial"]: each["training_seconds"] for each in choice["candidates"]}
    chosen, cheapest = choice["chosen"], choice["cheapest"]
    takes = f"{duration(costs[cheapest])} a training"
    dearest = max(costs[each] for each in [chosen, *choice["may_be_best"]])
    if duration(dearest) == duration(costs[cheapest]):
        return f"They cost the same: {takes}."
    if cheapest == chosen:
        return f"Of these it is the cheapest, with {takes}."
    if duration(costs[chosen]) == duration(costs[cheapest]):
        return f"None of these is cheaper than trial {chosen}: {takes}."
    return (
        f"Of these trial {cheapest} is the cheapest: {takes}, where trial {chosen} takes "
        f"{duration(costs[chosen])}."
    )
