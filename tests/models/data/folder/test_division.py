"""Each picture has one role, and nothing chosen by it before test is opened."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.config import DataConfig
from models.data.folder.division import divide
from models.data.folder.picture import OwnPart, Picture
from models.data.places import DataProblem

PARTS: tuple[OwnPart, ...] = ("", "train", "validation", "test")


def config(**values: object) -> DataConfig:
    return DataConfig(dataset="folder", folder="/x", **({"anomalies_per_normal": 0} | values))  # type: ignore[arg-type]


def group(part: OwnPart, kind: str, count: int) -> list[Picture]:
    names = [f"{part}/{kind}/{number}" for number in range(count)]
    return [Picture(path=Path(name), name=name, kind=kind, part=part) for name in names]


def sides(
    found: list[Picture], settings: DataConfig, unknown: tuple[str, ...] = ()
) -> Counter[tuple[str, str, str]]:
    divided = divide(
        settings,
        found,
        [one.name for one in found],
        is_normal=lambda one: one.kind == "good",
        is_known=lambda one: one.kind not in unknown,
    )
    return Counter((one.part, one.kind, side) for one, side in zip(found, divided, strict=True))


def test_one_class_would_see_defects_in_fit_or_choose_on_test() -> None:
    found = group("train", "good", 100) + group("test", "good", 20) + group("test", "crack", 10)
    assert sides(found, config()) == {
        ("train", "good", "fit"): 80,
        ("train", "good", "validation"): 20,
        ("test", "good", "validation"): 6,
        ("test", "good", "test"): 14,
        ("test", "crack", "validation"): 3,
        ("test", "crack", "test"): 7,
    }


def test_known_anomalies_would_be_all_in_fit() -> None:
    found = group("", "good", 100) + group("", "crack", 10)
    assert sides(found, config(anomalies_per_normal=0.1)) == {
        ("", "good", "fit"): 64,
        ("", "good", "validation"): 16,
        ("", "good", "test"): 20,
        ("", "crack", "fit"): 4,
        ("", "crack", "validation"): 2,
        ("", "crack", "test"): 4,
    }


def test_with_synthetic_validation_a_real_defect_would_be_seen_before_test() -> None:
    found = group("", "good", 100) + group("", "crack", 4)
    counted = sides(found, config(validation="synthetic"))
    assert counted["", "crack", "test"] == 4
    found = group("train", "good", 100) + group("test", "good", 20) + group("test", "crack", 10)
    counted = sides(found, config(validation="synthetic"))
    assert counted["test", "good", "test"] == 20, "normal test images would be drawn from test"
    assert counted["train", "good", "validation"] == 20


def test_a_validation_folder_of_ones_own_would_be_mixed_with_others() -> None:
    found = [
        *group("train", "good", 50),
        *group("validation", "good", 10),
        *group("validation", "crack", 5),
        *group("test", "good", 10),
        *group("test", "crack", 5),
    ]
    assert sides(found, config()) == {
        ("train", "good", "fit"): 50,
        ("validation", "good", "validation"): 10,
        ("validation", "crack", "validation"): 5,
        ("test", "good", "test"): 10,
        ("test", "crack", "test"): 5,
    }


def test_a_class_that_is_unseen_until_test_would_be_seen() -> None:
    found = group("", "good", 50) + group("", "crack", 10) + group("", "hole", 10)
    counted = sides(found, config(anomalies_per_normal=0.1), unknown=("hole",))
    assert counted["", "hole", "test"] == 10
    assert counted["", "crack", "fit"] == 4


def test_what_does_not_divide_would_go_to_validation_or_be_lost_for_test() -> None:
    """Of five defects 30% and 70%: 3.5 for test are four."""
    counted = sides(group("", "good", 50) + group("", "crack", 5), config())
    assert (counted["", "crack", "validation"], counted["", "crack", "test"]) == (1, 4)


def test_missing_normal_test_pictures_would_leave_test_without_any() -> None:
    found = group("train", "good", 60) + group("test", "defective", 30)
    counted = sides(found, config())
    assert counted["train", "good", "test"] == 12


@given(
    counts=st.dictionaries(
        st.tuples(st.sampled_from(PARTS), st.sampled_from(["good", "a", "b"])),
        st.integers(0, 40),
        min_size=1,
    ),
    ratio=st.sampled_from([0, 0.1]),
    validation=st.sampled_from(["labelled", "synthetic"]),
    seed=st.integers(0, 5),
    copies=st.integers(1, 4),
)
def test_a_picture_would_be_in_two_roles(
    counts: dict[tuple[OwnPart, str], int], ratio: float, validation: str, seed: int, copies: int
) -> None:
    found = [one for (part, kind), count in counts.items() for one in group(part, kind, count)]
    # Copies among the pictures of a kind, in whatever part they lie.
    digests = [f"{one.kind} {int(one.name.split('/')[-1]) // copies}" for one in found]
    settings = config(anomalies_per_normal=ratio, validation=validation, seed=seed)
    divided = divide(
        settings, found, digests, is_normal=lambda one: one.kind == "good", is_known=lambda _: True
    )
    assert len(divided) == len(found)
    used: dict[str, str] = {}
    for one, digest, side in zip(found, digests, divided, strict=True):
        if side == "unused":
            continue
        assert digest not in used, "copies of a file lie on two sides, or count twice"
        used[digest] = side
        if one.part == "train":
            assert side != "test" or one.kind == "good"
        if one.part in ("validation", "test"):
            assert side != "fit" or (one.kind != "good" and ratio > 0)
        if side == "fit" and one.kind != "good":
            assert ratio > 0, "a detector of normals alone would see a defect"
    again = divide(
        settings, found, digests, is_normal=lambda one: one.kind == "good", is_known=lambda _: True
    )
    assert again == divided


def test_a_link_would_cost_the_only_picture(tmp_path: Path) -> None:
    (tmp_path / "there.png").touch()
    (tmp_path / "link.png").symlink_to("there.png")
    found = [
        Picture(path=tmp_path / "there.png", name="good/there.png", kind="good", part=""),
        Picture(path=tmp_path / "link.png", name="crack/link.png", kind="crack", part=""),
    ]
    with pytest.raises(DataProblem, match="remove the link that leads from one to the other"):
        divide(
            config(),
            found,
            ["1", "1"],
            is_normal=lambda one: one.kind == "good",
            is_known=lambda _: True,
        )


def test_a_picture_that_is_good_and_bad_would_be_trained_on() -> None:
    found = group("", "good", 3) + group("", "crack", 1)
    digests = ["1", "2", "3", "2"]
    with pytest.raises(DataProblem, match=r"/good/1 and /crack/0 are the same file"):
        divide(
            config(),
            found,
            digests,
            is_normal=lambda one: one.kind == "good",
            is_known=lambda _: True,
        )


def test_a_copy_in_train_of_a_test_picture_would_be_trained_on() -> None:
    found = group("train", "good", 30) + group("test", "good", 10) + group("test", "crack", 10)
    digests = [one.name for one in found]
    digests[3] = "test/good/4"
    settings = config(validation="synthetic")
    divided = divide(
        settings, found, digests, is_normal=lambda one: one.kind == "good", is_known=lambda _: True
    )
    assert (divided[3], divided[34]) == ("unused", "test")
