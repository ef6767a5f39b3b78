"""What a folder is taken for, from names alone."""

import os
from pathlib import Path

import pytest

from models.data.folder.layout import recognise
from models.data.places import DataNotFound, DataProblem
from tests.models.data.folder.making import mask, picture, pictures


def kinds_of(folder: Path) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for one in recognise(folder).pictures:
        counts[one.part, one.kind] = counts.get((one.part, one.kind), 0) + 1
    return counts


@pytest.mark.parametrize("name", ["good", "Good", "OK", "normal"])
def test_normal_pictures_alone_would_be_refused(tmp_path: Path, name: str) -> None:
    pictures(tmp_path / name, 3)
    assert recognise(tmp_path).name == "good"
    assert kinds_of(tmp_path) == {("", "good"): 3}


def test_a_kind_of_defect_would_be_lost_or_taken_for_normal(tmp_path: Path) -> None:
    pictures(tmp_path / "good", 3)
    pictures(tmp_path / "deep scratch", 2, ".JPG")
    pictures(tmp_path / "Größe" / "innen", 2, ".tif")
    assert recognise(tmp_path).name == "good and kinds"
    assert kinds_of(tmp_path) == {("", "good"): 3, ("", "deep scratch"): 2, ("", "Größe"): 2}


def test_the_parts_of_mvtec_would_be_mixed(tmp_path: Path) -> None:
    pictures(tmp_path / "train" / "good", 4)
    pictures(tmp_path / "test" / "good", 2)
    crack = pictures(tmp_path / "test" / "crack", 3)
    masks = [mask(tmp_path / "ground_truth" / "crack" / f"00{n}_mask.png") for n in (0, 2)]
    layout = recognise(tmp_path)
    assert layout.name == "parts"
    assert kinds_of(tmp_path) == {("train", "good"): 4, ("test", "good"): 2, ("test", "crack"): 3}
    found = {one.path: one.mask for one in layout.pictures if one.mask}
    assert found == {crack[0]: masks[0], crack[2]: masks[1]}
    assert "2 masks" in layout.sentence


def test_a_validation_folder_of_ones_own_would_be_ignored(tmp_path: Path) -> None:
    pictures(tmp_path / "Train" / "good", 4)
    pictures(tmp_path / "Validation" / "good", 2)
    pictures(tmp_path / "validation_no", 0)
    pictures(tmp_path / "test" / "Crack", 1)
    pictures(tmp_path / "Validation" / "crack", 1)
    counts = kinds_of(tmp_path)
    assert counts["validation", "good"] == 2
    spelled = {kind for (part, kind) in counts if kind.lower() == "crack"}
    assert len(spelled) == 1, "upper and lower case would be two kinds"


def test_class_folders_would_be_guessed_at(tmp_path: Path) -> None:
    pictures(tmp_path / "cats", 2)
    pictures(tmp_path / "dogs", 2)
    layout = recognise(tmp_path)
    assert (layout.name, layout.kinds) == ("classes", ("cats", "dogs"))


def test_loose_pictures_alone_would_be_refused(tmp_path: Path) -> None:
    pictures(tmp_path, 3)
    (tmp_path / "notes.txt").write_text("no picture")
    assert kinds_of(tmp_path) == {("", "good"): 3}


def test_loose_pictures_beside_kinds_would_be_taken_for_something(tmp_path: Path) -> None:
    pictures(tmp_path / "good", 3)
    picture(tmp_path / "what.png")
    with pytest.raises(DataProblem, match=r"1 pictures beside the folders.*what\.png"):
        recognise(tmp_path)


def test_pictures_directly_in_test_would_be_taken_for_normal(tmp_path: Path) -> None:
    pictures(tmp_path / "train", 3)
    pictures(tmp_path / "test", 2)
    with pytest.raises(DataProblem, match="say not what they are"):
        recognise(tmp_path)


def test_hidden_files_links_in_circles_and_pipes_would_be_read(tmp_path: Path) -> None:
    pictures(tmp_path / "good", 2)
    picture(tmp_path / "elsewhere" / "far.png")
    (tmp_path / "good" / "._000.png").write_bytes(b"resource fork")
    (tmp_path / "good" / "circle").symlink_to(tmp_path / "good")
    os.mkfifo(tmp_path / "good" / "pipe.png")
    (tmp_path / "good" / "linked.png").symlink_to(tmp_path / "elsewhere" / "far.png")
    names = [one.name for one in recognise(tmp_path).pictures if one.kind == "good"]
    assert names == ["good/000.png", "good/001.png", "good/linked.png"]


def test_folders_that_link_to_each_other_would_be_walked_for_ever(tmp_path: Path) -> None:
    folders = [tmp_path / "good" / f"c{number}" for number in range(12)]
    for folder in folders:
        pictures(folder, 1)
        for other in folders:
            if other != folder:
                (folder / other.name).symlink_to(other)
    (tmp_path / "good" / "loop.png").symlink_to(tmp_path / "good" / "loop.png")
    assert len(recognise(tmp_path).pictures) == 12 + 1


def test_a_name_with_a_line_break_would_break_the_tables(tmp_path: Path) -> None:
    pictures(tmp_path / "good", 2)
    pictures(tmp_path / "new\nline", 2)
    with pytest.raises(DataProblem, match="line break"):
        recognise(tmp_path)


@pytest.mark.parametrize("what", ["missing", "file", "empty"])
def test_a_folder_without_pictures_would_be_a_traceback(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "pictures"
    if what == "file":
        folder.write_text("")
    elif what == "empty":
        (folder / "good").mkdir(parents=True)
    with pytest.raises(DataNotFound, match=r"does not exist|is a file|no pictures"):
        recognise(folder)


class TestMasks:
    def test_a_mask_of_no_picture_would_be_ignored(self, tmp_path: Path) -> None:
        pictures(tmp_path / "train" / "good", 2)
        pictures(tmp_path / "test" / "crack", 2)
        mask(tmp_path / "ground_truth" / "crack" / "007_mask.png")
        with pytest.raises(DataProblem, match=r"1 masks have no picture.*007_mask"):
            recognise(tmp_path)

    def test_a_mask_would_be_taken_for_a_known_defect_of_the_same_name(
        self, tmp_path: Path
    ) -> None:
        pictures(tmp_path / "train" / "good", 3)
        pictures(tmp_path / "train" / "crack", 2)
        (judged, *_) = pictures(tmp_path / "test" / "crack", 2)
        own = mask(tmp_path / "ground_truth" / "crack" / "000_mask.png")
        found = {one.path: one.mask for one in recognise(tmp_path).pictures if one.mask}
        assert found == {judged: own}

    def test_masks_would_be_found_by_their_position(self, tmp_path: Path) -> None:
        pictures(tmp_path / "good", 2)
        for kind in ("a", "b"):
            pictures(tmp_path / kind, 2)
        own = mask(tmp_path / "ground_truth" / "b" / "000.png")
        found = {one.name: one.mask for one in recognise(tmp_path).pictures if one.mask}
        assert found == {"b/000.png": own}


class TestTable:
    def table(self, folder: Path, *lines: str) -> None:
        (folder / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def test_what_the_table_says_would_not_count(self, tmp_path: Path) -> None:
        for name in ("a", "b", "c"):
            picture(tmp_path / "x" / f"{name} 1.png")
        mask(tmp_path / "m.png")
        self.table(
            tmp_path,
            "path,label,split,mask",
            "x/a 1.png,OK,train,",
            '"x/b 1.png",scratch,test,m.png',
        )
        layout = recognise(tmp_path)
        assert layout.name == "table"
        said = [(one.name, one.kind, one.part, one.mask) for one in layout.pictures]
        assert said == [
            ("x/a 1.png", "good", "train", None),
            ("x/b 1.png", "scratch", "test", tmp_path / "m.png"),
        ]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("../../etc/passwd,good", "not allowed; give a path inside"),
            ("/etc/passwd,good", "not allowed"),
            ("x/b.png,good", "there is no file 'x/b.png'"),
            ("x/a.png,", "label is empty"),
            ("x/a.png,good,tset", "nearest: test"),
            ("x/a.png,good,train,,more", "more cells"),
            ("x/a.png,good,train,gone.png", "there is no file 'gone.png'"),
        ],
    )
    def test_a_mistake_would_not_be_named_with_its_line(
        self, tmp_path: Path, line: str, said: str
    ) -> None:
        picture(tmp_path / "x" / "a.png")
        self.table(tmp_path, "path,label,split,mask", line)
        with pytest.raises(DataProblem) as raised:
            recognise(tmp_path)
        assert said in str(raised.value)
        assert "images.csv:2:" in str(raised.value)

    def test_a_table_without_its_columns_would_be_read(self, tmp_path: Path) -> None:
        self.table(tmp_path, "file,label", "a.png,good")
        with pytest.raises(DataProblem, match="no column 'path'"):
            recognise(tmp_path)
