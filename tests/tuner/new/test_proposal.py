"""What is proposed for which pictures, and that each picture is counted once."""

from pathlib import Path

import pytest

from models.data.folder.dataset import open_folder
from models.data.places import DataTooSmall
from models.data.protocol import make_split
from models.data.sources import find
from tests.tuner.new.folders import picture, pictures, workpieces
from tuner.errors import TunerError
from tuner.new.options import Wishes
from tuner.new.proposal import Proposal, propose
from tuner.new.split_preview import Role, role_lines, roles
from tuner.new.statistics import measure_all


def proposed(folder: Path, cache: Path, **options: object) -> Proposal:
    wishes = Wishes(folder=folder, **options)  # type: ignore[arg-type]
    measures = measure_all(sorted(folder.rglob("*.png")), print).measures
    return propose(wishes, list(measures.values()), cache)


def test_good_pictures_alone_would_be_judged_on_labels(tmp_path: Path) -> None:
    found = proposed(workpieces(tmp_path / "x", bad=0), tmp_path)
    assert (found.detector, found.data.validation) == ("autoencoder", "synthetic")
    assert "no bad ones are known" in found.why[-1]


def test_a_few_bad_pictures_would_be_seen_before_test(tmp_path: Path) -> None:
    found = proposed(workpieces(tmp_path / "x", bad=4), tmp_path)
    assert found.data.validation == "synthetic"
    assert (found.counts.test_bad, found.counts.validation_bad) == (4, 0)
    assert "4 bad pictures: too few" in found.why[-1]


def test_less_than_five_bad_pictures_would_be_chosen_by(tmp_path: Path) -> None:
    few = proposed(workpieces(tmp_path / "few", bad=12), tmp_path)
    assert few.data.validation == "synthetic"  # 30% of twice 6 are 4
    enough = proposed(workpieces(tmp_path / "enough", bad=18), tmp_path)
    assert enough.data.validation == "labelled"
    assert enough.counts.validation_bad >= 5


@pytest.mark.parametrize(
    ("bad", "detector"), [(246, "autoencoder"), (252, "two-discriminator-gan")]
)
def test_known_bad_pictures_would_not_decide_the_detector(
    tmp_path: Path, bad: int, detector: str
) -> None:
    found = proposed(workpieces(tmp_path / "x", bad=bad), tmp_path)  # 40% of them are for fit
    assert found.detector == detector


def test_a_detector_of_bad_pictures_would_train_without_any(tmp_path: Path) -> None:
    gan = "two-discriminator-gan"
    with pytest.raises(TunerError, match=f"{gan} learns from known bad .* there are none"):
        proposed(workpieces(tmp_path / "none", bad=0), tmp_path, detector=gan)
    with pytest.raises(TunerError, match=r"of 10 here, 4 would be for fit and 2 for validation"):
        proposed(workpieces(tmp_path / "few", bad=10), tmp_path, detector=gan)
    assert proposed(workpieces(tmp_path / "x"), tmp_path, detector=gan).detector == gan


def test_known_bad_pictures_of_fit_would_be_left_unused(tmp_path: Path) -> None:
    found = proposed(workpieces(tmp_path / "x", bad=52), tmp_path)
    split = make_split(found.data, find(found.data, tmp_path))
    taken = min(found.counts.fit_bad, round(0.5 * len(split.fit_normals)))
    assert len(split.fit_anomalies) == taken


@pytest.mark.parametrize(
    ("side", "size"), [(12, 16), (24, 16), (32, 32), (40, 32), (50, 32), (64, 64), (300, 64)]
)
def test_pictures_would_be_made_larger_than_they_are(tmp_path: Path, side: int, size: int) -> None:
    for number in range(22):
        picture(tmp_path / "x" / "good" / f"{number}.png", number, side=side)
    assert proposed(tmp_path / "x", tmp_path).data.size == size


def test_a_size_that_the_detector_cannot_take_would_be_written(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match=r"--size: autoencoder: images are 48 x 48, .* 16, 32, 64"):
        proposed(workpieces(tmp_path / "x", bad=0), tmp_path, size=48)


def test_a_folder_without_good_pictures_to_learn_from_would_be_searched(tmp_path: Path) -> None:
    pictures(tmp_path / "x" / "test" / "good", 30)
    pictures(tmp_path / "x" / "test" / "dent", 30, first=500)
    with pytest.raises(DataTooSmall, match="0 of them for fit"):
        proposed(tmp_path / "x", tmp_path)


def role_table(folder: Path, cache: Path) -> tuple[Proposal, list[Role]]:
    found = proposed(folder, cache)
    split = make_split(found.data, find(found.data, cache))
    return found, roles(open_folder(found.data, cache), split)


def test_a_picture_would_be_counted_twice_or_not_at_all(tmp_path: Path) -> None:
    folder = workpieces(tmp_path / "x")
    for kind in ("good", "dent"):
        (folder / kind / "again.png").write_bytes((folder / kind / "000.png").read_bytes())
    found, table = role_table(folder, tmp_path)
    assert {role.kind: role.total for role in table} == {"good": 31, "dent": 21, "scratch": 20}
    assert sum(role.counts["left out"] for role in table) == 2
    assert (found.counts.good, found.counts.bad) == (30, 40)
    by_column = {
        column: sum(role.counts[column] for role in table) for column in ("validation", "test")
    }
    assert by_column["validation"] == found.counts.validation_good + found.counts.validation_bad
    lines = role_lines(table, found.data, 0)
    assert lines[1].split() == ["fit", "validation", "test", "left", "out", "pictures"]
    total = next(line.split() for line in lines if line.split()[0] == "all")
    assert sum(map(int, total[1:-1])) == int(total[-1]) == 72


def test_a_small_validation_would_not_be_warned_of(tmp_path: Path) -> None:
    found, table = role_table(workpieces(tmp_path / "x"), tmp_path)
    said = " ".join(" ".join(role_lines(table, found.data, 0)).split())
    good, bad = found.counts.validation_good, found.counts.validation_bad
    assert f"! validation has {good} good and {bad} bad" in said
    assert "no bad picture is left for test" not in said


def test_a_test_without_bad_pictures_would_go_unsaid(tmp_path: Path) -> None:
    found, table = role_table(workpieces(tmp_path / "x", bad=0), tmp_path)
    lines = role_lines(table, found.data, 5)
    assert "no bad picture is left for test" in " ".join(lines)
    assert "  and in validation 5 synthetic anomalies, made of its good pictures" in lines
