"""Python's words are those of the commands, and read by them."""

import argparse
import ast
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tuner.api
from tuner.api import Run, load, report, retrain, search
from tuner.api.options import Set, given_options, overrides
from tuner.errors import TunerError
from tuner.report.__main__ import parser as report_parser
from tuner.retrain.__main__ import parser as retrain_parser
from tuner.search.__main__ import parser as search_parser
from tuner.space.yaml_reader import read_yaml

_NONE_FROM_PYTHON = {"help", "dry_run", "yes"}  # nothing is asked
_OTHER_WORDS = {"name": "run", "search": "run", "overrides": "set"}
_NO_OPTIONS = {"quiet", "unknown"}


@pytest.mark.parametrize(
    ("function", "parser"),
    [(search, search_parser), (retrain, retrain_parser), (report, report_parser)],
)
def test_an_option_of_a_command_would_be_missing_from_python(
    function: Callable[..., object], parser: Callable[[], argparse.ArgumentParser]
) -> None:
    options = {_OTHER_WORDS.get(each.dest, each.dest) for each in parser()._actions}
    assert options - _NONE_FROM_PYTHON == {*inspect.signature(function).parameters} - _NO_OPTIONS


def test_a_word_would_be_read_otherwise_than_its_option() -> None:
    words: dict[str, Any] = {
        "space": Path("-odd name.yaml"),
        "run": "mine",
        "resume": True,
        "set": ["epochs=3", "data.normal=[3]"],
        "trials": 7,
        "time_budget": "10m",
        "seed": None,
        "wandb": "off",
    }
    typed = ["--space=-odd name.yaml", "--run", "mine", "--resume", "--set", "epochs=3"]
    typed += ["--set", "data.normal=[3]", "--trials", "7", "--time-budget", "10m", "--wandb", "off"]
    assert given_options(search_parser(), **words) == search_parser().parse_args(typed)
    of_retrain = {"run": "mine", "baselines": False, "published": False, "seeds": 2}
    of_retrain |= {"top": 5, "until": 0.95, "max_trainings": 30, "ensemble": 5}
    typed = ["--run", "mine", "--no-baselines", "--no-published", "--seeds", "2"]
    typed += ["--top", "5", "--until", "0.95", "--max-trainings", "30", "--ensemble", "5"]
    assert given_options(retrain_parser(), **of_retrain) == retrain_parser().parse_args(typed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"run": "a", "seeds": 0},
            "argument --seeds: must be a whole number from 1 to 99999",
        ),
        ({}, "one of the arguments --run/--search --config is required"),
        (
            {"run": "a", "config": "b"},
            "argument --config: not allowed with argument --run",
        ),
    ],
)
def test_a_mistake_would_end_the_session(words: dict[str, Any], said: str) -> None:
    with pytest.raises(TunerError) as caught:
        retrain(**words)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Run(None), "run: must be a run's name, or its folder as a path; got nothing"),
        (lambda: load(None), "run: must be a run's name, or its folder as a path; got nothing"),
        (lambda: report(3), "run: must be a run's name, or its folder as a path; got 3"),
        (lambda: Run(""), "run: must be a run's name, or its folder as a path; got ''"),
        (lambda: load(5000 * "x"), "--run: 'xxx"),
        (lambda: Run(Path(5000 * "x")), "--run: 'xxx"),
        (lambda: search(3), "space: must be the path of a space file, a mapping of its keys"),
        (lambda: search([1]), "space: must be the path of a space file, a mapping of its keys"),
        (lambda: search("a.yaml", set=3), "set: must be {"),
        (lambda: search("a.yaml", earlier=3), "earlier: must be a run, or a list of runs; got 3"),
        (lambda: search("a.yaml", dry_run=True), "search takes no dry_run: that only prints"),
        (lambda: search("a.yaml", trails=3), "search: unknown option 'trails'; allowed: space, "),
        (lambda: retrain("a", seed=3), "retrain: unknown option 'seed'; allowed: run, config, "),
    ],
)
def test_a_wrong_kind_of_value_would_raise_from_deep_inside(
    call: Callable[[], object], said: str
) -> None:
    with pytest.raises(TunerError) as caught:
        call()
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 400


def test_a_mistake_would_show_a_traceback_in_a_notebook() -> None:
    assert TunerError("mend this")._render_traceback_() == ["TunerError: mend this"]


@pytest.mark.parametrize(
    "value", [3, 1e-05, 5e-324, 1.5, True, None, "Shirt", "a: b", "1e-3", [3], {"log": [1e-05, 2]}]
)
def test_a_value_from_python_would_become_another_on_its_way(value: object) -> None:
    (override,) = overrides({"key": value}) or []
    key, _, text = override.partition("=")
    assert (key, read_yaml(text).value) == ("key", value)
    assert type(read_yaml(text).value) is type(value)


@pytest.mark.parametrize(
    ("given", "typed"), [("epochs=5", ["epochs=5"]), (["a=1", "b=2"], ["a=1", "b=2"]), (None, None)]
)
def test_what_is_set_as_it_is_typed_would_be_changed(
    given: Set | None, typed: list[str] | None
) -> None:
    assert overrides(given) == typed


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, object()])
def test_a_value_that_no_space_file_can_hold_would_be_written(value: object) -> None:
    with pytest.raises(TunerError, match=r"^set: .* cannot stand in a space file: give numbers"):
        overrides({"epochs": value})


def _calls(page: Path) -> list[tuple[str, set[str]]]:
    """The functions of `tuner.api` that a page's examples call, with their keywords."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    nodes = [
        node for block in blocks if "tuner.api" in block for node in ast.walk(ast.parse(block))
    ]
    return [
        (node.func.id, {str(each.arg) for each in node.keywords})
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_an_example_would_use_a_word_that_is_not_there(page: str) -> None:
    found = _calls(Path(__file__).parents[3] / page)
    assert {"search", "retrain", "load"} <= {name for name, _ in found}
    for name, words in found:
        assert words <= {*inspect.signature(getattr(tuner.api, name)).parameters}, name
