"""A folder's pictures in a few lines: how many of what, sizes, colour, bits, equal files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from statistics import median

from models.data.folder.picture import GOOD
from models.data.preprocessing import BITS
from tuner.cli.text import counted
from tuner.new.statistics import Measures

_MOST_KINDS = 8
_LABEL_WIDTH = 12


def labelled(label: str, text: str) -> str:
    """A line of the summary."""
    return f"  {label:<{_LABEL_WIDTH}}{text}"


def kinds_line(kinds: Sequence[str], normal: Collection[str]) -> str:
    """How many pictures of each kind; `kinds` names that of every picture."""
    counts = Counter(kinds)
    good = [kind for kind in counts if kind in normal]
    bad = [kind for kind in counts if kind not in normal]
    parts = [f"{sum(counts[kind] for kind in good):,} good{_named(good, counts)}"]
    parts.append(f"{sum(counts[kind] for kind in bad):,} bad{_named(bad, counts)}" if bad else "")
    text = f"{len(kinds):,}: " + ", ".join(part for part in parts if part)
    return labelled("pictures", text if bad else f"{text}, none known to be bad")


def _named(kinds: list[str], counts: Counter[str]) -> str:
    if not kinds or kinds == [GOOD]:
        return ""
    if len(kinds) == 1:
        return f" ({kinds[0]})"
    names = [f"{counts[kind]:,} {kind}" for kind in sorted(kinds)]
    more = len(names) - _MOST_KINDS
    tail = [counted(more, "more kind")] if more > 0 else []
    return f" ({', '.join([*names[:_MOST_KINDS], *tail])})"


def size_line(measures: Collection[Measures]) -> str:
    """The sizes: their range and the most common, in pixels."""
    counts = Counter((each.width, each.height) for each in measures)
    (width, height), most = counts.most_common(1)[0]
    if len(counts) == 1:
        return labelled("size", f"{width} x {height}, all of them")
    widths, heights = zip(*counts, strict=True)
    text = (
        f"{min(widths)} to {max(widths)} wide, {min(heights)} to {max(heights)} high, "
        f"most often {width} x {height} ({most:,} of {len(measures):,})"
    )
    return labelled("size", text)


def colour_line(measures: Collection[Measures]) -> str:
    """Colour or grey, and the formats of the files."""
    coloured = sum(each.coloured for each in measures)
    text = f"{coloured:,} in colour, {len(measures) - coloured:,} grey"
    if coloured in (0, len(measures)):
        text = "in colour, all of them" if coloured else "grey, all of them"
    formats = Counter(each.format for each in measures)
    listed = ", ".join(
        name if len(formats) == 1 else f"{n:,} {name}" for name, n in formats.items()
    )
    return labelled("colour", f"{text}; {listed}")


def bits_line(measures: Collection[Measures]) -> str:
    """How many bits a value has; "" where all pictures have 8."""
    deep = sum(each.brightest is not None for each in measures)
    if not deep:
        return ""
    bits = bits_used(measures)
    text = f"{deep:,} of {len(measures):,} pictures have 16 bits"
    if bits < max(BITS):
        text += f", none a value above {2**bits - 1:,}: data.bits is {bits}"
    return labelled("bits", text)


def frames_line(measures: Collection[Measures]) -> str:
    """How many files hold more than one picture; "" where none does."""
    several = sum(each.frames > 1 for each in measures)
    if not several:
        return ""
    text = f"{several:,} of {len(measures):,} files hold several pictures: only the first counts"
    return labelled("frames", text)


def bits_used(measures: Collection[Measures]) -> int:
    """The least of the allowed bits that hold every value of the 16-bit pictures; 16 for none."""
    highest = max((each.brightest for each in measures if each.brightest is not None), default=None)
    if highest is None:
        return max(BITS)
    return min(bits for bits in BITS if highest < 2**bits)


def all_grey(measures: Collection[Measures]) -> bool:
    """Whether no picture has a pixel in colour."""
    return not any(each.coloured for each in measures)


def shorter_side(measures: Collection[Measures]) -> int:
    """The median of the pictures' shorter sides, in pixels."""
    return int(median(min(each.width, each.height) for each in measures))


def not_square(measures: Collection[Measures]) -> int:
    """How many pictures are more than a tenth longer one way than the other."""
    sides = [(each.width, each.height) for each in measures]
    return sum(max(both) > 1.1 * min(both) for both in sides)


def duplicates_line(names: Sequence[str], digests: Sequence[str]) -> str:
    """Equal files: how many are left out, and the first of them."""
    first: dict[str, str] = {}
    pairs = []
    for name, digest in zip(names, digests, strict=True):
        other = first.setdefault(digest, name)
        if other != name:
            pairs.append((other, name))
    if not pairs:
        return labelled("duplicates", "none")
    which = "is" if len(pairs) == 1 else "are"
    text = (
        f"{counted(len(pairs), 'picture')} {which} equal to another, such as {pairs[0][0]} and "
        f"{pairs[0][1]}: of equal files one counts, so none is on two sides"
    )
    return labelled("duplicates", text)
