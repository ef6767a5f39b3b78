"""The published figures: their rows, and the page that is made of the results."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RESULTS = sorted((BENCHMARKS / "results").glob("published-*.json"))


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def record() -> dict[str, Any]:
    assert RESULTS, "no results: the checks would pass on nothing"
    loaded: dict[str, Any] = json.loads(RESULTS[0].read_text())
    return loaded


def test_a_row_would_be_declared_that_cannot_be_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A detector that there is not, or a setting that it does not have."""
    from _published.documents import ROWS
    from _published.runs import Training

    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    kinds = {}
    for row in ROWS:
        for run in row.runs:
            if folder := run.data.get("folder"):
                (tmp_path / folder.removeprefix("$TUNER_DATA/")).mkdir(parents=True, exist_ok=True)
            same = {key: value for key, value in run.definition().items() if key != "data"}
            kinds[json.dumps([same, sorted(run.data)], default=str)] = run
    assert len(kinds) > 50
    for run in kinds.values():
        space = run.space()
        if isinstance(run, Training):
            assert not space.search


def test_two_rows_would_have_one_name() -> None:
    from _published.documents import ROWS

    assert [key for key, count in Counter(row.key for row in ROWS).items() if count > 1] == []


def test_a_class_would_be_left_out() -> None:
    """Where a row is the mean of ten classes, each of them has a row."""
    from _published.documents import ROWS
    from _published.summary import MEAN

    single = {row.key for row in ROWS if row.one_of != MEAN}
    means = [row for row in ROWS if row.one_of == MEAN and " alone" not in row.system]
    assert len(means) > 30
    for row in means:
        if "above" in row.metric:
            continue
        same = [key for key in single if key.startswith(row.key.rsplit(MEAN)[0])]
        assert len([key for key in same if key.endswith(f"| {row.metric}")]) == 10, row.key


def test_the_table_would_not_be_what_the_results_say(record: dict[str, Any]) -> None:
    from _published.page import FILE, render

    assert FILE.read_text(encoding="utf-8") == render(record)


def test_the_readme_would_not_say_what_the_results_say(record: dict[str, Any]) -> None:
    from _published.page import IN_README, README, with_overview

    text = README.read_text(encoding="utf-8")
    assert text == with_overview(text, record, IN_README)


def test_a_document_would_have_no_line_or_a_link_that_leads_nowhere(
    record: dict[str, Any],
) -> None:
    from _published.documents import ROWS
    from _published.overview import overview
    from _published.page import render

    lines = overview(record)[2:]
    names = list(dict.fromkeys(row.document for row in ROWS))
    assert sorted(line.split("](")[0].split(" | ")[0].lstrip("| [") for line in lines) == sorted(
        names
    )
    heads = [line.removeprefix("## ") for line in render(record).splitlines() if line[:3] == "## "]
    linked = {line.split("](#")[1].split(")")[0] for line in lines if "](#" in line}
    assert linked == {_anchor(head) for head in heads}


def _anchor(heading: str) -> str:
    letters = [each for each in heading.lower() if each.isalnum() or each in " -_"]
    return "".join(letters).replace(" ", "-")


def test_a_sentence_would_say_another_thing_than_its_rows() -> None:
    from _published.documents import industrial

    plain = {"PCA": (0.8, 0.03), "nearest neighbour": (0.7, 0.0)}
    best = {"bottle": 0.9, "transistor": 0.85, "screw": 0.82, "toothbrush": 0.6}
    of_gans = {"OCR-GAN": 0.0, "Skip-GANomaly": -0.1, "GANomaly": -0.2}
    rows: list[dict[str, Any]] = [
        {"system": system, "class": category, "ours": value, "std": std}
        for category, highest in best.items()
        for system, (value, std) in {
            **plain,
            **{gan: (highest + less, 0.03) for gan, less in of_gans.items()},
        }.items()
    ]
    for row in rows:
        row |= {"data": "MVTec AD", "protocol": "P4", "metric": "image AUROC"}
    said, rivals = industrial.DOCUMENT.remarks(rows)
    assert rivals.startswith(
        "The mean of OCR-GAN is ahead of that of Skip-GANomaly on 4 of 4: bott"
    )
    assert "by more than the spread on bottle and transistor." in rivals
    worth, not_worth = said.split(" On ")
    assert worth.endswith("divisions: bottle (OCR-GAN 0.900, PCA 0.800).")
    assert "transistor (OCR-GAN 0.850" in not_worth
    assert "screw (OCR-GAN" not in said, "its brightness alone tells"
    assert len(industrial.DOCUMENT.remarks(rows[1:])) == 1, "a row of one sentence is missing"


def test_a_sentence_would_look_for_a_row_that_is_not_declared() -> None:
    """It would never be said, without a word."""
    from _published.documents import DOCUMENTS

    assert sum(len(document.sentences) for document in DOCUMENTS) > 3
    for document in DOCUMENTS:
        rows = [
            {"system": row.system, "data": row.data, "protocol": row.protocol, "std": 0.0}
            | {"class": row.one_of, "metric": row.metric, "ours": 0.5}
            | {"more": {"standard_error": 0.1, "by_error": 0.5}}
            for row in document.rows
        ]
        assert len(document.remarks(rows)) == len(document.sentences), document.name


def test_the_head_would_not_follow_from_the_rows(record: dict[str, Any]) -> None:
    from _published.documents import ROWS
    from _published.summary import summary

    assert summary(record["rows"], declared=len(ROWS)) == record["figures"]


def test_what_was_published_would_be_what_was_declared_when_the_row_was_made(
    tmp_path: Path, record: dict[str, Any]
) -> None:
    from _published.documents import ROWS
    from _published.store import Store

    file = tmp_path / "rows.json"
    older = [{**row, "published": 0.123, "at_least": 0.123} for row in record["rows"]]
    file.write_text(json.dumps({"rows": older}))
    store = Store(file)
    store.write(ROWS)
    assert [row["published"] for row in store.record["rows"]] == [
        row["published"] for row in record["rows"]
    ]
    assert store.record["figures"] == record["figures"]


def test_a_row_without_runs_would_count_as_measured(record: dict[str, Any]) -> None:
    from _published.documents import ROWS
    from _published.summary import summary

    computed = {row.key for row in ROWS if not row.runs}
    without = [row for row in record["rows"] if row["key"] not in computed]
    assert len(without) < len(record["rows"])
    counts = ("rows_measured", "rows_aimed", "rows_reached")
    found = summary(without, declared=0)
    assert [found[name] for name in counts] == [record["figures"][name] for name in counts]


def test_a_figure_below_chance_would_stand_without_a_word(record: dict[str, Any]) -> None:
    from _published.below import sentence

    assert "Below 0.5" in sentence("ganomaly", "AUROC", 0.31)
    assert "on average" in sentence("ganomaly", "AUROC", 0.49, of_many=True)
    assert "flagging everything" in sentence("cnn", "F1", 0.4, flagging_all=0.8)
    assert sentence("cnn", "F1", 0.9, flagging_all=0.8) == ""
    low = [
        row["key"]
        for row in record["rows"]
        if row["ours"] is not None and row["metric"].endswith("AUROC") and row["ours"] < 0.5
        if "Below 0.5" not in row["note"]
    ]
    assert low == []


def test_flagging_every_image_would_count_as_reaching_a_published_f1() -> None:
    from _published.below import sentence
    from _published.summary import reached

    row: dict[str, Any] = {
        **{"published": 0.11, "at_least": None, "comparable": True},
        "more": {"flagging_all": 0.8513},
    }
    assert reached(row | {"ours": 0.85128}) is False
    assert reached(row | {"ours": 0.9}) is True
    assert reached(row | {"ours": 0.9, "published": 0.95}) is False
    assert reached(row | {"ours": 0.9, "more": {}}) is True
    assert reached(row | {"ours": 0.4, "more": {"flagging_none": 0.41}}) is False
    assert reached(row | {"ours": 0.5, "more": {"flagging_none": 0.41, "lowest": 0.4}}) is False
    assert reached(row | {"ours": 0.5, "more": {"flagging_none": 0.41, "lowest": 0.45}}) is True
    assert reached(row | {"ours": 0.9, "comparable": False}) is None
    assert reached(row | {"ours": 0.9, "comparable": False, "at_least": 0.95}) is False
    assert "Every image is flagged" in sentence("kd-cae", "F1", 0.85128, flagging_all=0.8513)


def test_a_row_of_other_code_would_be_kept(tmp_path: Path) -> None:
    """Words that change no figure make nothing stale; a number does."""
    from _published.code import meaning

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    first = written("a.py", '"""Old."""\ndef f():\n    """Says."""\n    return 1  # one\n')
    said = written("b.py", '"""New words."""\ndef f():\n    return 1\n')
    other = written("c.py", '"""Old."""\ndef f():\n    """Says."""\n    return 2\n')
    assert meaning(first) == meaning(said) != meaning(other)


def test_a_detector_that_computes_something_else_would_pass_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _published import behaviour

    first, again = (behaviour.behaviour("autoencoder", tmp_path / name) for name in ("a", "b"))
    monkeypatch.setitem(behaviour._SMALL, "loss", "mse")
    assert first == again != behaviour.behaviour("autoencoder", tmp_path / "c")


def test_a_mean_over_classes_would_be_one_over_all_their_seeds() -> None:
    from _published.figures import over_repeats, over_seeds

    made: Any = [SimpleNamespace(values=[0.8, 0.9]), SimpleNamespace(values=[0.6, 0.9])]
    pick: Any = lambda one: {"seeds": one.values}  # noqa: E731
    of_seeds, of_repeats = over_seeds(pick)(made), over_repeats(pick)(made)
    assert (of_seeds.mean, of_seeds.seeds) == (pytest.approx(0.8), 2)
    assert of_seeds.std == pytest.approx(0.1414, abs=1e-4)  # of 0.7 and 0.9
    assert of_repeats.std == pytest.approx(0.0707, abs=1e-4)  # of 0.85 and 0.75
