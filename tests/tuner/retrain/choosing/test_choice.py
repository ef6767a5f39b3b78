"""A choice round by round, with scripted trainings: kept, taken up again, written down, said."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuner.fake_trials import row
from tests.tuner.retrain.choosing.scripted import Training, make_choice
from tests.tuner.retrain.conftest import plan_of
from tuner.errors import TunerError
from tuner.figures.candidates import choice_lines, choice_sentences, round_line
from tuner.figures.metrics import BEST, read_metrics
from tuner.retrain.choosing.told import _within_range, training_seconds
from tuner.retrain.training import Trained
from tuner.seeds import trial_seed

MEANS = {"trial-7": 0.90, "trial-2": 0.905, "trial-9": 0.86}
PLAIN = {"trial-7": 0.86, "trial-2": 0.93, "trial-9": 0.86}


def test_seeds_would_be_those_of_the_search_or_of_another_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(MEANS)
    choice = make_choice(tmp_path, training, monkeypatch)
    choice.made()
    seeds = [seed for _, _, seed in training.trained]
    search_seed = choice.plan.search_seed
    assert len(set(seeds)) == len(seeds) > 9
    assert not {trial_seed(search_seed, number) for number in range(100)} & set(seeds)


def test_a_choice_that_was_broken_off_would_train_again_or_go_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Training(MEANS)
    known = make_choice(tmp_path / "whole", whole, monkeypatch).made().known
    trained: list[tuple[str, int, int]] = []
    for stop in (4, 6, 1, None):  # within a round, and between two
        part = Training(MEANS, backwards=stop == 6, stop_after=stop)
        choice = make_choice(tmp_path / "parts", part, monkeypatch)
        if stop is None:
            assert choice.made().known == known
        else:
            with pytest.raises(KeyboardInterrupt):
                choice.made()
        trained += part.trained
    assert sorted(trained) == sorted(whole.trained)


def test_the_order_in_which_trainings_end_would_change_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_choice(tmp_path / "one", Training(MEANS), monkeypatch).made()
    other = make_choice(tmp_path / "two", Training(MEANS, backwards=True), monkeypatch).made()
    assert one.known == other.known
    assert [each.number for each in one.trained] == list(range(len(one.trained)))


@pytest.mark.parametrize("damage", ["torn", "other epochs", "no weights"])
def test_a_kept_training_that_is_not_this_one_would_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    known = make_choice(tmp_path, Training(PLAIN), monkeypatch).made().known
    kept = tmp_path / ".candidate-trainings" / "trial-2-1"
    if damage == "torn":
        (kept / "training.json").write_text('{"of": {')
    elif damage == "no weights":
        (kept / "model.safetensors").unlink()
    else:
        told = json.loads((kept / "training.json").read_text())
        told["of"]["epochs"] += 1
        (kept / "training.json").write_text(json.dumps(told))
    again = Training(PLAIN)
    assert make_choice(tmp_path, again, monkeypatch).made().known == known
    assert [(key, number) for key, number, _ in again.trained] == [("trial-2", 1)]


def test_the_chosen_one_would_not_be_handed_on_with_all_its_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = make_choice(tmp_path, Training(PLAIN), monkeypatch).made()
    assert chosen.candidate.trial == chosen.known["chosen"] == 2
    assert chosen.known["reached"] and chosen.known["may_be_best"] == []
    assert {each.contender for each in chosen.trained} == {BEST}
    told = chosen.known["candidates"][1]
    assert [each.kept_row.metrics["auroc"] for each in chosen.trained] == told["values"]
    assert len(chosen.trained) == len(told["seeds"]) >= 3
    assert all((each.folder / "model.safetensors").exists() for each in chosen.trained)


def test_what_is_written_down_would_not_be_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    chosen = make_choice(tmp_path, Training(MEANS), monkeypatch, said.append).made()
    written = read_metrics(tmp_path / "candidates.json")
    assert written is not None
    assert written.pop("configuration")["level"] == 0.95
    assert written == chosen.known
    rounds = written["rounds"]
    assert [sum(each["trainings"]) for each in rounds] == [9, 12, 15][: len(rounds)]
    assert all(sum(each["probabilities"]) == pytest.approx(1) for each in rounds)
    told = [line for line in said if line.startswith("Round")]
    assert told[-1] == round_line(written)
    assert told[0].startswith("Round 1: 9 of at most 15 trainings; trial ")


def test_a_round_would_be_written_only_when_all_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        make_choice(tmp_path, Training(MEANS, stop_after=10), monkeypatch).made()
    written = read_metrics(tmp_path / "candidates.json")
    assert written is not None
    assert not written["ended"] and len(written["rounds"]) == 1


def test_the_cheapest_would_not_be_the_one_that_takes_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {"trial-7": 20.0, "trial-2": 60.0, "trial-9": 1.0}
    training = Training({"trial-7": 0.9, "trial-2": 0.9, "trial-9": 0.6}, seconds)
    known = make_choice(tmp_path, training, monkeypatch).made().known
    costs = [each["training_seconds"] for each in known["candidates"]]
    assert costs == [40.0, 120.0, 2.0]  # two epochs of each
    assert known["cheapest"] == 7 and not known["reached"]
    text = " ".join(choice_sentences(known))
    assert "0.95 was not reached in 15 trainings." in text
    assert "With probability 0.95 the best is this one or among" in text
    assert "40 s a training" in text
    assert "trial 9" not in text.casefold()
    assert any(line.startswith(f"trial {known['chosen']} *") for line in choice_lines(known))


def test_a_stage_of_long_epochs_would_count_like_one_of_short_ones() -> None:
    """Nor is a training that waited for its machine what one usually takes."""
    usual = [("", 1.0), ("", 1.0), ("gan", 10.0)]
    waited = [("", 1.0), ("", 600.0), ("gan", 10.0)]
    trained = [of_stages(times) for times in (usual, waited, usual)]
    assert training_seconds(trained) == pytest.approx(12.0)


def test_a_candidate_would_seem_dear_that_trained_without_other_lanes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU those of the first round share their steps, and one that is given more is alone."""
    training = Training({"trial-7": 0.9, "trial-2": 0.9, "trial-9": 0.6})
    made = training._training

    def in_lanes(folder: Path, key: str, number: int, seed: int) -> Trained:
        return replace(made(folder, key, number, seed), lanes=3 if number < 3 else 1)

    monkeypatch.setattr(training, "_training", in_lanes)
    rows = make_choice(tmp_path, training, monkeypatch).made().known["candidates"]
    assert [len(each["values"]) for each in rows] != [3, 3, 3]
    assert [each["training_seconds"] for each in rows] == pytest.approx([2 / 3] * 3)


def of_stages(times: Sequence[tuple[str, float]]) -> Trained:
    rows = [
        replace(row(epoch, 0.9), stage=stage, seconds=seconds)
        for epoch, (stage, seconds) in enumerate(times, start=1)
    ]
    return Trained(
        contender="best",
        number=0,
        folder=Path(),
        kept_epoch=1,
        diverged_epoch=None,
        why="",
        rows=tuple(rows),
    )


def test_a_longer_choice_would_train_again_what_a_shorter_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter, longer, whole = Training(MEANS), Training(MEANS), Training(MEANS)
    make_choice(tmp_path / "a", shorter, monkeypatch, most=10).made()
    known = make_choice(tmp_path / "a", longer, monkeypatch, most=15).made().known
    assert make_choice(tmp_path / "b", whole, monkeypatch, most=15).made().known == known
    assert len(shorter.trained) == 10 and len(longer.trained) == 5
    assert sorted(shorter.trained + longer.trained) == sorted(whole.trained)


@pytest.mark.parametrize("number", [1, 3])
def test_a_candidate_that_comes_to_nothing_would_end_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """In the first round, or in a later one: what is known of the others does not depend on it."""
    said: list[str] = []
    training = Training(MEANS, nothing=[("trial-2", number)])
    choice = make_choice(tmp_path / "a", training, monkeypatch, said.append)
    known = choice.made().known
    assert [each["trial"] for each in known["candidates"]] == [7, 9]
    (left_out,) = known["left_out"]
    assert (left_out["trial"], left_out["came_to_nothing"]) == (2, [number + 1])
    trained = sum(key == "trial-2" for key, _, _ in training.trained)
    assert len(left_out["seeds"]) == trained
    text = f"Trial 2 is left out of the choice: with its seed {number + 1} it came to nothing in "
    assert text in " ".join(said)
    assert text in " ".join(choice_lines(known))
    assert len(training.trained) <= choice.rule.most
    assert all(sum(each["probabilities"]) == pytest.approx(1) for each in known["rounds"])
    assert all(len(each["means"]) == 2 for each in known["rounds"])
    again = Training(MEANS)
    assert make_choice(tmp_path / "a", again, monkeypatch).made().known == known
    assert again.trained == []


def test_a_figure_of_an_early_stage_would_be_held_against_those_of_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One candidate whose seed diverged there would blur what is known of all others."""
    without = {key: mean for key, mean in PLAIN.items() if key != "trial-9"}
    alone = make_choice(tmp_path / "a", Training(without), monkeypatch).made().known
    training, said = Training(PLAIN, early=[("trial-9", 1)]), list[str]()
    known = make_choice(tmp_path / "b", training, monkeypatch, said.append).made().known
    assert known["candidates"] == alone["candidates"] and known["reached"]
    text = "with its seed 2 it came to nothing before the last stage of its training."
    assert text in " ".join(said) and text in " ".join(choice_lines(known))


def test_a_training_that_is_made_up_for_would_be_called_the_only_one(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path), seeds=(5, 6, 7), numbers={BEST: (0,)})
    assert plan.seed_text(plan.best, 0).endswith("seed 1/3")


def test_another_than_the_chosen_one_would_be_said_to_lead() -> None:
    rows = [
        {"trial": 7, "probability": 0.2},
        {"trial": 2, "probability": 0.5},
        {"trial": 9, "probability": 0.3},
    ]
    told = {"candidates": rows, "chosen": 9, "rule": {"most": 9}, "rounds": [{"trainings": [6]}]}
    assert round_line(told).endswith(
        "trial 9 is best with probability 0.30, trial 2 with 0.50, trial 7 with 0.20"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ((49.4, 48.9, 50.2), "None of these is cheaper than trial 7: 49 s a training."),
        ((49.4, 40.0, 50.2), "trial 2 is the cheapest: 40 s a training, where trial 7 takes 49 s"),
    ],
)
def test_one_that_costs_the_same_would_be_called_cheaper(
    seconds: tuple[float, ...], said: str
) -> None:
    rows = [
        {"trial": trial, "training_seconds": each, "values": [0.9, 0.91]}
        for trial, each in zip((7, 2, 9), seconds, strict=True)
    ]
    told = {
        **{"candidates": rows, "chosen": 7, "cheapest": 2, "may_be_best": [2, 9]},
        **{"probability": 0.5, "reached": False, "synthetic": False},
        "rule": {"most": 6, "level": 0.95},
    }
    assert said in " ".join(choice_sentences(told))


def test_what_came_to_nothing_would_not_count_in_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = {"trial-7": 0.9, "trial-2": 0.9, "trial-9": 0.9}
    training = Training(level, nothing=[("trial-2", 1)])
    known = make_choice(tmp_path, training, monkeypatch, most=13).made().known
    assert not known["reached"] and len(training.trained) == 13
    assert "Round 2: 11 of at most 13 trainings" in round_line(
        {**known, "rounds": known["rounds"][:2]}
    )
    assert "0.95 was not reached in 13 trainings." in " ".join(choice_sentences(known))


def test_what_is_left_of_all_candidates_would_not_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [("trial-2", 0), ("trial-9", 2)]
    known = make_choice(tmp_path / "a", Training(MEANS, nothing=two), monkeypatch).made().known
    assert (known["chosen"], known["probability"]) == (7, 1.0)
    assert choice_sentences(known) == [
        "Trial 7 is the only candidate that is left, and so the one chosen."
    ]
    none = Training(MEANS, nothing=[*two, ("trial-7", 1)])
    with pytest.raises(TunerError, match="No candidate is left to choose: trials 7, 2 and 9 came"):
        make_choice(tmp_path / "b", none, monkeypatch).made()


def test_an_auroc_would_be_said_to_lie_above_1() -> None:
    assert _within_range("auroc", (0.8631, 1.0171)) == [0.8631, 1.0]
    assert _within_range("auprc", (-0.2, 0.4)) == [0.0, 0.4]
    assert _within_range("npd", (-0.2, 1.4)) == [-0.2, 1.4], "which has no such ends"
