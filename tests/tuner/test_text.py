"""Counts, times and sizes as people write them."""

import pytest

from tuner.cli.text import counted, duration, size_bytes, size_text


def test_one_of_a_kind_would_be_plural_or_a_large_number_hard_to_read() -> None:
    said = [counted(number, "epoch") for number in (0, 1, 2, 1519)]
    assert counted(2, "anomaly", "anomalies") == "2 anomalies"
    assert said == ["0 epochs", "1 epoch", "2 epochs", "1,519 epochs"]


@pytest.mark.parametrize(
    ("total_s", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (7200, "2.0 h")],
)
def test_a_time_would_not_be_said_as_people_do(total_s: float, said: str) -> None:
    assert duration(total_s) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(7, "7 bytes"), (1_500, "1.5 kB"), (999_600, "1 MB"), (20_000_000_000, "20 GB")],
)
def test_a_size_would_not_be_said_as_people_do(number: int, said: str) -> None:
    assert size_text(number) == said


@pytest.mark.parametrize(
    ("text", "number"),
    [("20 GB", 20 * 10**9), (" 1.5mb ", 1_500_000), ("700", 700), ("2 TB", 2 * 10**12)],
)
def test_a_size_would_not_be_read_as_it_is_written(text: str, number: int) -> None:
    assert size_bytes(text) == number


@pytest.mark.parametrize("text", ["", "GB", "-1 GB", "1 GiB", "ten"])
def test_what_is_no_size_would_be_read_as_one(text: str) -> None:
    assert size_bytes(text) is None
