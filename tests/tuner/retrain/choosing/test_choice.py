"""A choice round by round, with scripted trainings: kept, taken up again, written down, said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuner.retrain.choosing.scripted import Training, make_choice
from tuner.figures.candidates import choice_lines, choice_sentences, round_line
from tuner.figures.metrics import BEST, read_metrics
from tuner.retrain.choosing.kept import Keeper
from tuner.retrain.plan import Job
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
    search_seed = choice.setting.plan.search_seed
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
    row = chosen.known["candidates"][1]
    assert [each.kept_row.metrics["auroc"] for each in chosen.trained] == row["values"]
    assert len(chosen.trained) == len(row["seeds"]) >= 3
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


def test_lanes_of_one_step_would_each_cost_the_whole_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = make_choice(tmp_path, Training(PLAIN), monkeypatch)
    plan = replace(choice.setting.plan, own_seeds={"trial-7": (1, 2)}, numbers={"trial-7": (0, 1)})
    keeper = Keeper(folder=tmp_path / "kept", digest="x")
    made = Training(PLAIN)._training(tmp_path / "made", "trial-7", 0, 1)
    keeper.keep(plan, Job(contender=plan.contenders[0], numbers=(0, 1)), made)
    found = keeper.find(plan, "trial-7", 0)
    assert found is not None
    assert found.seconds == (0.5, 0.5)
    assert not (tmp_path / "made").exists()
