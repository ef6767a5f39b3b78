import pytest

from tuner.space.yaml_reader import read_yaml


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_yaml(text).problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2e-5", 2e-5),
        ("1e-4", 1e-4),
        ("1E4", 1e4),
        ("1.", 1.0),
        (".5", 0.5),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("off", "off"),
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2020-01-01", "2020-01-01"),
        ("nano", "nano"),
        ("T-shirt/top", "T-shirt/top"),
        ('"2e-5"', "2e-5"),
        ("'nan'", "nan"),
    ],
)
def test_a_plain_word_would_be_taken_for_something_else(written: str, meant: object) -> None:
    document = read_yaml(f"key: {written}")
    assert document.problems == []
    assert document.value == {"key": meant}
    assert type(document.value["key"]) is type(meant)


@pytest.mark.parametrize("word", [".nan", "nan", "NaN", ".inf", "-inf", "Infinity", "1e999"])
def test_a_number_that_is_not_finite_would_reach_the_search(word: str) -> None:
    assert problems(f"a: 1\nb: {word}") == [
        f"2: b: must be a finite number, got {word}; NaN and infinity are not numbers to search"
    ]


def test_the_second_of_two_equal_keys_would_win_in_silence() -> None:
    text = "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"
    assert problems(text) == [
        "4: b.c: the key stands twice, first on line 3; keep one of them",
        "5: a: the key stands twice, first on line 1; keep one of them",
    ]
    assert read_yaml(text).value == {"a": 1, "b": {"c": 1}}


def test_equal_keys_in_different_sections_would_be_an_error() -> None:
    assert problems("a: {c: 1}\nb: {c: 1}") == []


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\nb: [1", 2, "expected ',' or ']'"),
        ("a: b: c", 1, "mapping values are not allowed here"),
        ("a: 1\n\tb: 2", 2, "cannot start any token; indent with spaces"),
        ("detector two\na: 1", 2, "not allowed here; is a colon missing on the line before?"),
        ("a: 1\n\nepochs 2\n# more\nb: 1", 4, "is a colon missing on the line before?"),
        ("a: \x00", 1, "special characters are not allowed"),
        ("a: 1\n---\nb: 2", 2, "found another document"),
        ("[" * 2000, 1, "nested too deeply"),
    ],
)
def test_broken_yaml_would_end_in_a_traceback_or_without_a_line(
    text: str, line: int, what: str
) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"{line}: not YAML")
    assert what in problem


def test_a_colon_too_many_would_be_called_missing() -> None:
    assert "missing" not in problems("b: 1\na: b: c")[0]


def test_yaml_could_make_python_objects() -> None:
    assert "is not allowed" in problems("a: !!python/name:os.system x")[0]


def test_an_alias_to_itself_would_recurse_for_ever() -> None:
    assert problems("a: &x [*x]") == ["1: a.0: an alias that refers to itself"]


def test_the_line_of_a_key_would_be_wrong() -> None:
    lines = read_yaml("# comment\na: 1\nb:\n  c: [1,\n    2]\n").lines
    assert lines["a",] == 2
    assert lines["b",] == 3
    assert lines["b", "c"] == 4
    assert lines["b", "c", 1] == 5


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_would_not_be_seen_as_empty(text: str) -> None:
    assert read_yaml(text).value is None
