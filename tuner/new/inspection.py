"""Look at a folder from its names to the space file: says each thing as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from models.data.folder.dataset import OpenedFolder, open_folder, unreadable_text
from models.data.folder.layout import Layout, recognise
from models.data.loading import load_training
from models.data.places import DataProblem
from models.data.protocol import make_split
from models.data.sources import default_cache, find
from tuner.cli.output import log_lines_shown, reminding
from tuner.new import summary
from tuner.new.baselines import floor, floor_lines
from tuner.new.copies import copies_line
from tuner.new.cost import cost_lines
from tuner.new.options import Wishes, check_classes
from tuner.new.paragraphs import paragraph
from tuner.new.proposal import Proposal, propose
from tuner.new.search_plan import plan
from tuner.new.shortcuts import comparisons, shortcut_lines, shortcuts
from tuner.new.space_file import file_text, read_text, search_command, write_new
from tuner.new.split_preview import role_lines, roles
from tuner.new.statistics import Measured, measure_all
from tuner.planning.machine import find_machine
from tuner.storage.files import as_typed

Say = Callable[[str], None]


def visit(wishes: Wishes, out: Path, command: Sequence[str], say: Say) -> None:
    """Look at the folder, say what is found, and write `out`.

    Raises:
        TunerError, DataProblem: nothing can be made of it; nothing is written.
    """
    folder, cache = wishes.folder, default_cache().absolute()
    with reminding(f"Looking for pictures below {as_typed(folder)}"):
        layout = recognise(folder)
    check_classes(wishes, layout, command)
    measured = measure_all([picture.path for picture in layout.pictures], say)
    _check_readable(wishes, layout, measured)
    with log_lines_shown():
        proposal = propose(wishes, list(measured.measures.values()), cache)
    opened = open_folder(proposal.data, cache)
    _say_all(say, _found_lines(wishes, opened, measured))
    source = find(proposal.data, cache)
    split = make_split(proposal.data, source)
    data = load_training(proposal.data, source, split)
    made = int(data.validation.anomalous.sum()) if data.synthetic else 0
    _say_all(say, role_lines(roles(opened, split), proposal.data, made))
    _say_all(say, _shortcut_lines(opened, measured))
    _say_all(say, floor_lines(floor(data), data))
    _say_all(say, [line for text in proposal.why for line in paragraph(text)])
    planned = plan(
        proposal.detector, proposal.data, len(split.fit_normals), len(split.validation_anomalies)
    )
    text = file_text(proposal.detector, proposal.data, planned, out, _about(wishes, proposal))
    space = read_text(text)
    _say_all(say, cost_lines(space, find_machine(), len(opened.pictures), cache))
    write_new(out, text)
    _say_all(say, [f"Wrote {as_typed(out)}. Next:", f"  {search_command(out)}"], last=True)


def _say_all(say: Say, lines: Sequence[str], *, last: bool = False) -> None:
    for line in lines:
        say(line)
    if not last:
        say("")


def _check_readable(wishes: Wishes, layout: Layout, measured: Measured) -> None:
    if not measured.unreadable or (wishes.skip_unreadable and measured.measures):
        return
    names = {
        picture.name: measured.unreadable[picture.path]
        for picture in layout.pictures
        if picture.path in measured.unreadable
    }
    text = unreadable_text(wishes.folder, names)
    if not measured.measures:
        raise DataProblem(text.rsplit("\n", 1)[0] + "\nNone of its pictures can be read")
    raise DataProblem(f"{text}; --skip-unreadable writes that")


def _found_lines(wishes: Wishes, opened: OpenedFolder, measured: Measured) -> list[str]:
    measures = [measured.measures[picture.path] for picture in opened.pictures]
    kinds = [picture.kind for picture in opened.pictures]
    normal = {opened.class_names[each] for each in opened.normal_classes}
    lines = [
        str(wishes.folder),
        summary.labelled("layout", opened.layout.sentence),
        summary.kinds_line(kinds, normal),
        summary.size_line(measures),
        summary.colour_line(measures),
        summary.bits_line(measures),
        summary.frames_line(measures),
        summary.duplicates_line([picture.name for picture in opened.pictures], opened.digests),
        copies_line(opened),
    ]
    if (odd := summary.not_square(measures)) and wishes.resize == "stretch":
        text = f"{odd:,} are stretched to squares; --resize pad keeps their shape"
        lines.append(summary.labelled("shape", text))
    if opened.unreadable:
        names = ", ".join(list(opened.unreadable)[:5])
        text = f"{len(opened.unreadable):,} that cannot be read, such as {names}"
        lines.append(summary.labelled("left out", text))
    return [line for line in lines if line]


def _shortcut_lines(opened: OpenedFolder, measured: Measured) -> list[str]:
    normal = {opened.class_names[each] for each in opened.normal_classes}
    compared = comparisons(
        opened.pictures,
        [measured.measures[picture.path] for picture in opened.pictures],
        [picture.kind not in normal for picture in opened.pictures],
    )
    return shortcut_lines(shortcuts(compared))


def _about(wishes: Wishes, proposal: Proposal) -> str:
    bad = f"{proposal.counts.bad:,} bad" if proposal.counts.bad else "no bad"
    return f"{proposal.counts.good:,} good and {bad} pictures in {wishes.folder}"
