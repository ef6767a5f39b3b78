import time

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


@pytest.mark.parametrize("word", [".nan", "nan", "NaN", ".inf", "-inf", "Infinity"])
def test_a_number_that_is_not_finite_would_reach_the_search(word: str) -> None:
    assert problems(f"a: 1\nb: {word}") == [
        f"2: b: must be a finite number, got {word}; no setting takes NaN or infinity"
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
        ("a: 1\nb: \x00", 2, "it holds the character U+0000, which is no text; remove it"),
        ("a: 1\n---\nb: 2", 2, "a second document begins here; keep one of them"),
        ("[" * 2000, 1, "nested too deeply"),
        (
            "a: 1\nb: 'x\ny'\nc: \"\\U00110000\"",
            4,
            "an escape in quotes that stands for no character",
        ),
        ('a: 1\n\nb: "\\Uffffffff"', 3, "an escape in quotes that stands for no character"),
        ("a: 1\nepochs:\u00a05\nb: 1", 2, "a no-break space (U+00A0): put an ordinary one"),
        ("a: {b:\u00a0{int: [1, 9]}}", 1, "a no-break space (U+00A0)"),
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
    assert problems("a: &x [*x]") == ["1: an alias that refers to itself"]
    assert problems("a: 1\nb: &x {<<: *x}") == ["2: an alias that refers to itself"]


def test_aliases_would_multiply_a_small_file_into_gigabytes() -> None:
    doubled = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 41))
    start = time.process_time()
    (said,) = problems(f"a0: &a0 [1, 1]\n{doubled}")
    assert time.process_time() - start < 1
    assert said.startswith("11: more than 5,000 values, each alias counted as what it stands for")
    assert "more than 5,000 values" in problems(f"a: [{'1,' * 6000}]")[0]


def test_a_list_that_some_alias_repeats_would_be_refused() -> None:
    assert read_yaml("a: &x [1, 2]\nb: *x\nc: {d: *x}").value == {
        "a": [1, 2],
        "b": [1, 2],
        "c": {"d": [1, 2]},
    }


def test_what_is_merged_would_be_lost_or_win_over_what_is_said() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  z: 3\nd: {<<: *a}\n"
    document = read_yaml(text)
    assert document.problems == []
    assert document.value == {
        "a": {"x": 1, "y": 1},
        "b": {"y": 2, "z": 2},
        "c": {"x": 1, "y": 1, "z": 3},
        "d": {"x": 1, "y": 1},
    }
    assert (document.lines["c", "x"], document.lines["c", "z"]) == (1, 5)
    assert problems("a: 1\nb:\n  <<: 3")[0].startswith("3: b: << takes the alias of a mapping")


def test_what_is_no_text_would_reach_a_file_name() -> None:
    assert problems('a: 1\nb: "x\\0y"') == ["2: b: holds the character U+0000, which is no text"]
    assert problems('a: "\\ud800"') == ["1: a: holds the character U+D800, which is no text"]
    assert read_yaml('a: "tab\\t, line\\n"').value == {"a": "tab\t, line\n"}


def test_a_no_break_space_would_make_a_key_unknown() -> None:
    assert problems("a: 1\n\u00a0b: 2") == [
        "2: holds a no-break space (U+00A0): put an ordinary one in its place"
    ]
    assert problems("epochs:\u00a05") != []
    assert read_yaml("a: 'T\u00a0shirt'").problems == []


@pytest.mark.parametrize("word", ["1e999", "9" * 400, "-" + "9" * 5000])
def test_a_number_that_is_too_large_would_be_said_to_be_infinite(word: str) -> None:
    (said,) = problems(f"a: {word}")
    assert said == f"1: a: must be a finite number, got {word[:40]}; numbers end at 1.8e308"


def test_the_line_of_a_key_would_be_wrong() -> None:
    lines = read_yaml("# comment\na: 1\nb:\n  c: [1,\n    2]\n").lines
    assert lines["a",] == 2
    assert lines["b",] == 3
    assert lines["b", "c"] == 4
    assert lines["b", "c", 1] == 5


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_would_not_be_seen_as_empty(text: str) -> None:
    assert read_yaml(text).value is None
