"""The pages of docs that are made from schema, parsers and docstrings."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from models.data.config import DataConfig
from tuner.__main__ import commands as every_command
from tuner.cli.markdown import table
from tuner.reference import commands, run_folder, space_file
from tuner.results.leaderboard import write_trials_csv
from tuner.space import Space

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("space-file", space_file.main),
        ("commands", commands.main),
        ("run-folder", run_folder.main),
    ],
)
def test_a_page_would_be_out_of_date(
    name: str, main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == capsys.readouterr().out, (
        f"run: python -m tuner.reference.{name.replace('-', '_')} > docs/{name}.md"
    )


def test_a_key_of_the_space_would_be_missing_or_say_nothing() -> None:
    schema = Space.model_json_schema()
    nodes = [schema, schema["properties"]["data"], *schema["$defs"].values()]
    keys = [key for node in nodes for key in node["properties"]]
    assert {"grace_epochs", *DataConfig.__dataclass_fields__} <= set(keys)
    lines = space_file.page().splitlines()
    for key in keys:
        rows = [line.split(" | ") for line in lines if line.startswith(f"| `{key}` | ")]
        assert len(rows) == keys.count(key)
        assert all(len(row) == 4 and row[1] and len(row[3]) > 10 for row in rows)


def test_the_page_would_not_say_the_default_or_the_range_of_a_key() -> None:
    text = space_file.page()
    assert "| `detector` | string | required | " in text
    assert "| `storage_limit` | size or `none` | `20 GB` | " in text
    assert "| `lanes` | integer from 1 to 64 or `auto` | `auto` | " in text
    assert "| `type` | `stop`, `promote` | `stop` | " in text
    assert "| `grayscale` | boolean | `false` | " in text


def test_a_command_or_what_it_needs_would_be_missing() -> None:
    text = commands.page()
    assert [line[3:] for line in text.splitlines() if line.startswith("## tuner.")] == [
        *every_command()
    ]
    assert "| `--run, --model RUN` | a retrained run: its name, its folder runs/\\<name>" in text
    assert "| `--out FILE` | the file: NAME.onnx; required |" in text
    assert "either this or `--config FILE` |" in text
    assert "| `--wandb auto\\|online\\|offline\\|off` |" in text
    assert "| `--no-baselines` |" in text


def test_a_column_of_the_table_of_trials_would_not_be_explained(tmp_path: Path) -> None:
    write_trials_csv(tmp_path / "trials.csv", [], "best_auroc")
    with (tmp_path / "trials.csv").open(encoding="utf-8") as file:
        (head,) = csv.reader(file)
    assert "best_auroc" in head
    text = run_folder.page()
    assert [name for name in head if f"\n| `{name}` | " not in text] == []
    assert "| `../test-openings.jsonl` | " in text


def test_a_bar_in_a_cell_would_end_it() -> None:
    assert table(("a", "b"), [("x|y", "z")])[-1] == "| x\\|y | z |"
