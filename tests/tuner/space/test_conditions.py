"""`when` beside a domain: how it is written, what it means, and what is said of a wrong one."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.tuner.space.test_space import complaints, good_text, load
from tuner.errors import SpaceError
from tuner.space import Space, dump_space, load_space
from tuner.space.conditions import combinations, drawn, in_order, inactive
from tuner.space.domains import WORDS, AnyDomain, Choice, Int, Log, LogInt, Uniform, holds_value
from tuner.space.plain_values import PLAIN_SCHEMA
from tuner.space.requirements import meets
from tuner.space.schema import schema_text
from tuner.space.when import WHEN_SCHEMA, Condition

TANH = (Condition("activation", ("tanh",)),)
CHAIN: dict[str, AnyDomain] = {
    "abc_weight": Log(0.1, 5, when=(Condition("patch_n", (1, 3)),)),
    "patch_n": Int(1, 9, when=TANH),
    "activation": Choice(("leaky", "tanh")),
}


def searching(*lines: str, **changes: str) -> str:
    return good_text(search="\n  " + "\n  ".join(lines), **changes)


def problem(folder: Path, *lines: str, **changes: str) -> str:
    (found,) = complaints(folder, searching(*lines, **changes))
    return found


ACTIVATION = "activation: {choice: [leaky, tanh]}"


@pytest.mark.parametrize(
    "written",
    [
        "patch_n: {int: [1, 9], when: {activation: tanh}}",
        "patch_n: {when: {activation: [tanh]}, int: [1, 9]}",
        "patch_n:\n    int: [1, 9]\n    when:\n      activation: tanh",
    ],
)
def test_a_condition_would_be_read_otherwise_or_get_lost_in_a_file(
    tmp_path: Path, written: str
) -> None:
    space = load(tmp_path, searching(ACTIVATION, written))
    assert space.search["patch_n"] == Int(1, 9, when=TANH)
    dump_space(space, tmp_path / "again.yaml")
    assert load_space(tmp_path / "again.yaml") == space
    assert "patch_n: {int: [1, 9], when: {activation: tanh}}" in (
        tmp_path / "again.yaml"
    ).read_text(encoding="utf-8")


def test_an_override_would_not_reach_a_condition(tmp_path: Path) -> None:
    text = searching(ACTIVATION, "patch_n: {int: [1, 9], when: {activation: tanh}}")
    changed = load(tmp_path, text, "search.patch_n.when.activation=leaky").search["patch_n"]
    assert changed.when == (Condition("activation", ("leaky",)),)
    assert not load(tmp_path, text, "search.patch_n={int: [1, 5]}").search["patch_n"].when


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "patch_n: {int: [1, 9], when: {activaton: tanh}}",
            "4: search.patch_n.when.activaton: unknown hyperparameter 'activaton'; allowed: ",
        ),
        ("patch_n: {int: [1, 9], when: {activaton: tanh}}", "; nearest: activation"),
        (
            "patch_n:\n    int: [1, 9]\n    when:\n      activation: tan",
            "7: search.patch_n.when.activation: activation is never tan: it is searched in "
            "{choice: [leaky, tanh]}; nearest: tanh",
        ),
        (
            "patch_n: {int: [1, 9], when: {activation: [tanh, relu]}}",
            "activation is never relu: it is searched in {choice: [leaky, tanh]}",
        ),
        (
            "patch_n: {int: [1, 9], when: {patch_n: 3}}",
            "4: search.patch_n.when.patch_n: patch_n cannot depend on itself; name another",
        ),
        (
            "patch_n: {int: [1, 9], when: {width: 7}}",
            "4: search.patch_n.when.width: never holds: width is 64 in every trial, and not 7; "
            "search width, or hold patch_n under `fixed`",
        ),
        ("patch_n: {int: [1, 9], when: {width: tanh}}", "search.patch_n.when.width: "),
        (
            "patch_n: {int: [1, 9], when: tanh}",
            "4: search.patch_n: when must name other hyperparameters with their values, such as "
            "{activation: tanh} or {patch_n: [1, 3]}; got 'tanh'",
        ),
        ("patch_n: {int: [1, 9], when: {}}", "when must name other hyperparameters"),
        ("patch_n: {int: [1, 9], when: {activation: []}}", "when.activation: when must name"),
        ("patch_n: {int: [1, 9], when: {activation: {a: 1}}}", "when.activation: when must name"),
        ("patch_n: {when: {activation: tanh}}", "must be one domain, one of uniform, log, int"),
        ("patch_n: {int: [1, 9], wen: {activation: tanh}}", "with or without a `when` beside it"),
    ],
)
def test_a_condition_that_makes_no_sense_would_be_searched_by(
    tmp_path: Path, line: str, message: str
) -> None:
    assert message in problem(tmp_path, ACTIVATION, line)


@pytest.mark.parametrize(
    ("domain", "values", "wrong"),
    [
        ("{int: [1, 9, 4]}", "[1, 5, 9]", 3),
        ("{uniform: [0, 1, 0.1]}", "[0, 0.3, 1]", 0.35),
        ("{log_int: [2, 8]}", "[2, 3]", 9),
        ("{int: [1, 9]}", "[1.0]", "tanh"),
    ],
)
def test_a_value_that_a_range_never_takes_would_be_waited_for(
    tmp_path: Path, domain: str, values: str, wrong: object
) -> None:
    name = "patch_weight" if "uniform" in domain else "patch_n"
    lines = [f"{name}: {domain}", f"abc_weight: {{log: [0.1, 5], when: {{{name}: {values}}}}}"]
    load(tmp_path, searching(*lines))
    lines[1] = f"abc_weight: {{log: [0.1, 5], when: {{{name}: {wrong}}}}}"
    assert f"4: search.abc_weight.when.{name}: {name} is never {wrong}" in problem(tmp_path, *lines)


def test_a_range_without_an_end_of_values_would_be_waited_for(tmp_path: Path) -> None:
    lines = ["patch_weight: {uniform: [0, 5]}", "patch_n: {int: [1, 9], when: {patch_weight: 1}}"]
    assert (
        "4: search.patch_n.when.patch_weight: patch_weight is searched in {uniform: [0.0, 5.0]}, "
        "which is never just one value; a condition takes a choice" in problem(tmp_path, *lines)
    )


def test_conditions_in_a_circle_would_be_searched_by(tmp_path: Path) -> None:
    lines = (
        "abc_weight: {choice: [1, 2], when: {patch_n: 3}}",
        "patch_n: {int: [1, 9], when: {patch_weight: 1}}",
        "patch_weight: {choice: [0, 1], when: {abc_weight: 1}}",
    )
    place, said = problem(tmp_path, *lines).split(" depends on itself: ")
    names = said.split(" -> ")
    assert place.endswith(f"search.{names[0]}.when.{names[1]}: {names[0]}")
    assert names[0] == names[3]
    pairs = {("abc", "patch_n"), ("patch_n", "patch"), ("patch", "abc")}
    shorter = [name.removesuffix("_weight") for name in names]
    assert set(itertools.pairwise(shorter)) == pairs


def test_conditions_that_exclude_each_other_would_be_searched_by(tmp_path: Path) -> None:
    lines = (
        ACTIVATION,
        "patch_n: {int: [1, 9], when: {activation: tanh}}",
        "abc_weight: {log: [0.1, 5], when: {patch_n: 3, activation: leaky}}",
    )
    assert (
        "5: search.abc_weight.when: never holds: activation would have to have two values at once"
        in problem(tmp_path, *lines)
    )


def test_a_condition_would_never_hold_by_what_is_fixed_or_set(tmp_path: Path) -> None:
    line = "patch_n: {int: [1, 9], when: {activation: tanh}}"
    never = "search.patch_n.when.activation: never holds: activation is leaky in every trial"
    assert f"3: {never}" in problem(tmp_path, line, fixed="{activation: leaky}")
    load(tmp_path, searching(line, fixed="{activation: tanh}"))
    (found,) = complaints(tmp_path, searching(ACTIVATION, line), "fixed.activation=leaky")
    assert f"4: {never}" in found
    scales = "{cpu: {activation: tanh}, gpu: {activation: leaky}}"
    assert "3: search.patch_n.when.activation: never holds at scale gpu: activation is " in problem(
        tmp_path, line, scales=scales
    )


@pytest.mark.parametrize(
    ("changes", "parent", "line", "message"),
    [
        (
            {"fixed": "{activation: tanh}"},
            "abc_weight: {log: [0.1, 5]}",
            "patch_n: {int: [1, 9], when: {activation: tanh}}",
            "4: search.patch_n.when.activation: always holds: activation is tanh in every trial; "
            "take activation out of the `when`, or search activation",
        ),
        (
            {},
            ACTIVATION,
            "patch_n: {int: [1, 9], when: {activation: [tanh, leaky]}}",
            "4: search.patch_n.when.activation: always holds: {choice: [leaky, tanh]} has no other "
            "values; take activation out of the `when`, or leave some of them out",
        ),
        (
            {},
            "patch_n: {int: [1, 3]}",
            "abc_weight: {log: [0.1, 5], when: {patch_n: [1, 2, 3]}}",
            "4: search.abc_weight.when.patch_n: always holds: {int: [1, 3]} has no other values",
        ),
        (
            {"scales": "{cpu: {width: 8}, gpu: {width: 16}}"},
            "abc_weight: {log: [0.1, 5]}",
            "patch_n: {int: [1, 9], when: {width: [8, 16]}}",
            "4: search.patch_n.when.width: always holds: width is 8 or 16 in every trial",
        ),
    ],
)
def test_a_condition_would_always_hold(
    tmp_path: Path, changes: dict[str, str], parent: str, line: str, message: str
) -> None:
    """A record of an earlier version may have one: it is said of a new search alone."""
    path = tmp_path / "space.yaml"
    path.write_text(searching(parent, line, **changes), encoding="utf-8")
    assert load_space(path).search
    with pytest.raises(SpaceError) as caught:
        load_space(path, new=True)
    (found,) = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert f"space.yaml:{message}" in found


def test_a_condition_that_some_trials_meet_would_be_refused(tmp_path: Path) -> None:
    """One on all values of what has a `when` itself: it holds where that one is active."""
    path = tmp_path / "space.yaml"
    lines = (
        ACTIVATION,
        "patch_n: {int: [1, 2], when: {activation: tanh}}",
        "abc_weight: {log: [0.1, 5], when: {patch_n: [1, 2]}}",
    )
    path.write_text(searching(*lines), encoding="utf-8")
    assert load_space(path, new=True).search["abc_weight"].when


def test_what_is_set_at_one_of_its_values_would_leave_conditions_on_it(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    lines = (
        ACTIVATION,
        "patch_n: {int: [1, 9], when: {activation: tanh}}",
        "abc_weight: {log: [0.1, 5], when: {patch_n: [1, 3], activation: [tanh, leaky]}}",
    )
    path.write_text(searching(*lines), encoding="utf-8")
    found = load_space(path, ["fixed.activation=tanh"], new=True).search
    assert found["patch_n"].when == ()
    assert found["abc_weight"].when == (Condition("patch_n", (1, 3)),)
    path.write_text(searching(lines[1], fixed="{activation: tanh}"), encoding="utf-8")
    recorded = load_space(path)
    assert load_space(path, ["fixed.activation=tanh"]) == recorded


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fixed": "{activaton: tanh}"}, "fixed.activaton: unknown"),
        ({"fixed": "{activation: {value: tanh}}"}, "fixed.activation: "),
        ({"scales": "{cpu: {activaton: tanh}}"}, "scales.cpu.activaton: unknown"),
        ({"scales": "{cpu: {activation: [tanh]}}"}, "scales.cpu.activation: "),
    ],
)
def test_a_mistake_in_what_is_fixed_would_be_said_of_the_condition_too(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    line = "patch_n: {int: [1, 9], when: {activation: tanh}}"
    assert message in problem(tmp_path, line, **changes)


def test_a_misspelt_domain_would_be_said_of_the_condition_too(tmp_path: Path) -> None:
    found = problem(
        tmp_path,
        "activaton: {choice: [leaky, tanh]}",
        "patch_n: {int: [1, 9], when: {activation: tanh}}",
    )
    assert "3: search.activaton: unknown hyperparameter" in found


@pytest.mark.parametrize("section", ["fixed", "scales"])
def test_a_condition_would_stand_beside_what_is_fixed(tmp_path: Path, section: str) -> None:
    inner = "{width: {value: 8, when: {activation: tanh}}}"
    text = inner if section == "fixed" else f"{{cpu: {inner}}}"
    assert "what is fixed is so in every trial: a `when` stands beside a domain" in problem(
        tmp_path, ACTIVATION, **{section: text}
    )


def test_a_domain_that_cannot_be_read_would_be_said_to_be_fixed(tmp_path: Path) -> None:
    line = "patch_n: {int: [1, 9], when: {activation: tanh}}"
    found = problem(tmp_path, "activation: {chioce: [leaky, tanh]}", line)
    assert "3: search.activation: unknown domain 'chioce'" in found


def test_what_depends_on_something_inactive_would_be_drawn() -> None:
    """Although the default of what is inactive would meet the condition."""
    whole = {"activation": "leaky", "patch_n": 3, "abc_weight": 1.0}
    assert inactive(CHAIN, whole) == ("abc_weight", "patch_n")
    assert inactive(CHAIN, {**whole, "activation": "tanh"}) == ()
    assert inactive(CHAIN, {**whole, "activation": "tanh", "patch_n": 2}) == ("abc_weight",)


def test_a_value_would_be_drawn_before_those_that_it_depends_on() -> None:
    asked: list[str] = []

    def one(name: str) -> Any:
        asked.append(name)
        return {"activation": "tanh", "patch_n": 3, "abc_weight": 0.5}[name]

    assert drawn(CHAIN, one) == {"activation": "tanh", "patch_n": 3, "abc_weight": 0.5}
    assert asked == ["activation", "patch_n", "abc_weight"]
    without: dict[str, AnyDomain] = {"patch_n": Int(1, 9), "abc_weight": Log(0.1, 5)}
    assert list(in_order(without)) == ["patch_n", "abc_weight"]


def test_a_grid_would_count_what_differs_in_inactive_settings_alone(tmp_path: Path) -> None:
    search: dict[str, AnyDomain] = {
        "patch_n": Int(1, 3, when=TANH),
        "activation": Choice(("leaky", "tanh")),
    }
    found = combinations(search, 100)
    assert [each.get("patch_n") for each in found] == [None, 1, 2, 3]
    assert len(combinations(search, 2)) == 3
    lines = (ACTIVATION, "patch_n: {int: [1, 3], when: {activation: tanh}}")
    sampler = "{name: grid}"
    load(tmp_path, searching(*lines, sampler=sampler, trials="6"))
    said = "must be at most 6: the grid has 4 combinations, and 2 published sets before it"
    assert said in problem(tmp_path, *lines, sampler=sampler, trials="7")
    load(tmp_path, searching(*lines, sampler=sampler, trials="5", require="patch_n <= 2"))
    said = "must be at most 5: the grid has 3 combinations"
    changes = {"sampler": sampler, "trials": "6", "require": "patch_n <= 2"}
    assert said in problem(tmp_path, *lines, **changes)


def test_a_grid_would_be_counted_for_ever(tmp_path: Path) -> None:
    domain = "{uniform: [1, 2, 0.0001], when: {activation: tanh}}"
    weights = [f"{name}_weight: {domain}" for name in ("patch", "abc", "encoder")]
    found = problem(tmp_path, ACTIVATION, *weights, sampler="{name: grid}")
    assert "the grid has more than 100,000 combinations, allowed are 100,000" in found


def test_cmaes_would_have_no_range_in_all_trials(tmp_path: Path) -> None:
    lines = (ACTIVATION, "patch_n: {int: [1, 9], when: {activation: tanh}}")
    found = problem(tmp_path, *lines, sampler="{name: cmaes}")
    assert "all that is searched are choices, or have a `when`; use qmc" in found
    load(tmp_path, searching(*lines, "abc_weight: {log: [0.1, 5]}", sampler="{name: cmaes}"))


def test_a_requirement_would_be_asked_of_an_inactive_setting(tmp_path: Path) -> None:
    lines = (ACTIVATION, "patch_n: {int: [6, 9], when: {activation: tanh}}")
    space = load(tmp_path, searching(*lines, require="patch_n >= 8"))
    required = meets(space)
    assert required is not None
    assert required({"activation": "leaky"})
    assert not required({"activation": "tanh", "patch_n": 7})
    assert required({"activation": "tanh", "patch_n": 8})


def test_a_value_of_a_domain_would_not_be_known() -> None:
    domains: list[AnyDomain] = [Int(1, 9, 4), LogInt(2, 8), Uniform(0, 1, 0.1), Choice((1, "a"))]
    values = (0, 1, 5, 0.3, 0.35, 2.0, "a", "b")
    held = [[value for value in values if holds_value(each, value)] for each in domains]
    assert held == [[1, 5], [5, 2.0], [0, 1, 0.3], [1, "a"]]


def test_an_editor_would_not_know_of_conditions() -> None:
    domains = json.loads(schema_text())["properties"]["search"]["additionalProperties"]["oneOf"]
    assert len(domains) == len(WORDS)
    for each in domains:
        assert each["properties"]["when"] == WHEN_SCHEMA
        assert "when" not in each["required"]
    values = WHEN_SCHEMA["additionalProperties"]
    assert isinstance(values, dict)
    one, several = values["anyOf"]
    assert one == several["items"] == PLAIN_SCHEMA


def test_the_record_of_a_space_would_hold_it_otherwise() -> None:
    search = {"activation": {"choice": ["leaky", "tanh"]}, "patch_n": {"int": [1, 9]}}
    search["patch_n"]["when"] = {"activation": ["leaky", "tanh"]}  # type: ignore[assignment]
    written = {"detector": "two-discriminator-gan", "search": search, "trials": 4, "epochs": 2}
    space = Space.model_validate(written)
    assert Space.model_validate(json.loads(json.dumps(space.model_dump()))) == space


def test_a_value_of_a_range_in_steps_would_never_meet_its_condition() -> None:
    """Optuna draws 0.1 * 3, which is not 0.3 to the last digit."""
    steps = Uniform(low=0.0, high=1.0, step=0.1)
    inner = Int(low=1, high=3, when=(Condition(name="share", allowed=(0.3, 0.7)),))
    search = {"share": steps, "inner": inner}
    for value, there in ((0.30000000000000004, True), (0.7000000000000001, True), (0.4, False)):
        found = drawn(search, {"share": value, "inner": 2}.__getitem__)
        assert ("inner" in found) is there
