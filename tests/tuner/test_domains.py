import re
from fractions import Fraction

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tuner.space.domains import (
    WORDS,
    AnyDomain,
    Choice,
    Int,
    Log,
    LogInt,
    Uniform,
    count_of,
    parse_domain,
    spell,
    values_of,
    write_domain,
)
from tuner.space.yaml_reader import read_yaml

REALS = st.floats(allow_nan=False, allow_infinity=False)
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


def ordered(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])


DOMAINS: st.SearchStrategy[AnyDomain] = st.one_of(
    ordered(REALS).map(lambda pair: Uniform(*pair)),
    st.tuples(st.integers(-99, 99), st.integers(1, 99), st.sampled_from([0.1, 0.25, 3])).map(
        lambda each: Uniform(each[0], float(each[0] + each[1] * Fraction(repr(each[2]))), each[2])
    ),
    st.tuples(st.integers(), st.integers(1, 99), st.integers(1, 10**30)).map(
        lambda each: Int(each[0], each[0] + each[1] * each[2], each[2])
    ),
    ordered(REALS.filter(lambda number: number > 0)).map(lambda pair: Log(*pair)),
    ordered(st.integers()).map(lambda pair: Int(*pair)),
    ordered(st.integers(min_value=1)).map(lambda pair: LogInt(*pair)),
    st.lists(st.one_of(REALS, st.integers(-(10**9), 10**9), WORD), min_size=1, unique=True).map(
        lambda values: Choice(tuple(values))
    ),
)


@given(DOMAINS)
def test_a_domain_would_change_when_it_is_written_and_read(domain: AnyDomain) -> None:
    assert parse_domain(write_domain(domain)) == domain


@given(DOMAINS.filter(lambda domain: not isinstance(domain, Choice)))
def test_a_range_would_change_on_its_way_through_a_command_line(domain: AnyDomain) -> None:
    document = read_yaml(spell(domain))
    assert document.problems == []
    assert parse_domain(document.value) == domain


def test_a_kind_of_domain_would_have_no_word() -> None:
    assert set(WORDS.values()) == {Uniform, Log, Int, LogInt, Choice}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{uniform: [5, 1]}", "low must be below high, got low 5 and high 1"),
        ("{uniform: [1, 1]}", "low must be below high, got low 1 and high 1"),
        ("{log: [0, 1]}", "a log range must start above 0, got low 0.0; see uniform"),
        ("{log: [-1, 1]}", "a log range must start above 0, got low -1.0; see uniform"),
        ("{log_int: [0, 3]}", "a log_int range must start at 1 or above, got low 0"),
        ("{int: [1, 2.5]}", "low and high must be whole numbers, got 1 and 2.5"),
        ("{int: [true, 3]}", "low and high must be whole numbers, got True and 3"),
        ("{uniform: [low, 1]}", "low and high must be finite numbers, got 'low' and 1"),
        ("{log: [1, 2, 3]}", "log takes [low, high], got [1, 2, 3]"),
        ("{int: [1, 5, 2, 2]}", "int takes [low, high] or [low, high, step], got [1, 5, 2, 2]"),
        ("{int: [1, 5, 0.5]}", "the step must be a whole number above 0, got 0.5"),
        ("{uniform: [0, 5, 0]}", "the step must be a finite number above 0, got 0"),
        ("{uniform: [1, 2, 3]}", "high must be low and a whole number of steps, got low 1.0, "),
        ("{int: [1, 4, 2]}", "got low 1, high 4 and step 2"),
        ("{uniform: 3}", "uniform takes a list in square brackets, got 3"),
        ("{choice: []}", "an empty choice: name at least one value"),
        ("{choice: [a, b, a]}", "a value stands twice in the choice ['a', 'b', 'a']"),
        ("{choice: [[1]]}", "must be one finite number or one word, got [1]"),
        ("{choice: [true]}", "must be one finite number or one word, got True"),
        ("{unifrom: [0, 1]}", "unknown domain 'unifrom'; allowed: uniform, log, int, log_int, "),
        ("{unifrom: [0, 1]}", "; nearest: uniform"),
        ("{int: [1, 2], log: [1, 2]}", "must be one domain, one of uniform, log, int, log_int"),
        ("0.5", "got 0.5; one value belongs under `fixed:`"),
    ],
)
def test_a_wrong_domain_would_be_searched(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_domain(read_yaml(written).value)


def test_a_step_would_give_other_values_than_are_written() -> None:
    """Tenths are no binary fractions: the sum of three of them is not 0.3."""
    assert values_of(Uniform(0, 0.5, 0.1)) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert values_of(Int(1, 9, 4)) == (1, 5, 9)
    assert values_of(LogInt(1, 4)) == (1, 2, 3, 4)
    assert values_of(Choice(("b", "a"))) == ("b", "a")
    assert [count_of(each) for each in (Uniform(0, 1), Log(1, 2), Int(1, 10**9))] == [
        None,
        None,
        10**9,
    ]


def test_a_number_too_large_for_a_float_would_end_in_a_traceback() -> None:
    with pytest.raises(ValueError, match="must be finite numbers"):
        parse_domain({"uniform": [1, 10**400]})


def test_the_spelling_would_not_be_what_people_write() -> None:
    assert yaml.safe_load(spell(Int(1, 9))) == {"int": [1, 9]}
    assert spell(Log(2e-5, 1e-3)) == "{log: [2e-05, 0.001]}"
