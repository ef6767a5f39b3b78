"""Draw docs/pictures/packing.png: who asks whom, and what the lanes of a pack do.

python docs/pictures/packing.py
"""

from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

COLOURS = {"7": "#4c78a8", "8": "#f58518", "9": "#54a24b", "10": "#b279a2", "11": "#e45756"}
INK, PALE = "#333333", "#f4f4f4"
# Lane by lane, the trial and the epoch in each round; "held", "dropped" or "empty" without one.
ROUNDS = [
    [("7", 1), ("7", 2), ("7", 3), ("7", 4), ("7", 5), ("7", 6)],
    [("8", 1), ("8", "dropped"), ("10", 1), ("10", 2), ("10", 3), ("10", "dropped")],
    [("9", 1), ("9", 2), ("9", 3), ("9", "held"), ("9", 4), ("9", 5)],
    [("", "empty"), ("", "empty"), ("11", 4), ("11", 5), ("11", 6), ("11", 7)],
]


def box(axes: Axes, place: tuple[float, float, float, float], text: str, fill: str = PALE) -> None:
    left, bottom, width, height = place
    shape = FancyBboxPatch(
        (left, bottom), width, height, boxstyle="round,pad=0.02", fc=fill, ec=INK, lw=1
    )
    axes.add_patch(shape)
    axes.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", size=9)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "<->", "color": INK, "lw": 1})


def draw_processes(axes: Axes) -> None:
    box(
        axes,
        (0, 0.2, 1.75, 3.6),
        "the driver\n\nOptuna proposes\nASHA stops\n\na trial asks Ray\nfor 1/4 of a GPU",
    )
    for lane, number in enumerate(["7", "10", "9", "11"]):
        height = 3 - lane
        box(
            axes,
            (2.5, height + 0.2, 1.5, 0.6),
            f"trial {number}\nlight actor",
            COLOURS[number] + "55",
        )
        arrow(axes, (1.82, height + 0.5), (2.44, height + 0.5))
        arrow(axes, (4.06, height + 0.5), (4.88, height + 0.5))
    axes.text(4.47, -0.28, "one call\nan epoch", ha="center", va="center", size=8, color=INK)


def draw_lanes(axes: Axes) -> None:
    frame = FancyBboxPatch(
        (5.0, -0.05), 6.65, 4.1, boxstyle="round,pad=0.06", fc=PALE, ec=INK, lw=1.2
    )
    axes.add_patch(frame)
    axes.text(
        8.3, 4.32, "the pack worker: one fused step for 4 lanes of one GPU", ha="center", size=10
    )
    for lane, row in enumerate(ROUNDS):
        axes.text(5.08, 3.5 - lane, f"lane {lane}", va="center", size=8, color=INK)
        for column, (trial, epoch) in enumerate(row):
            draw_epoch(axes, (5.65 + column, 3.1 - lane), trial, epoch)
    axes.annotate("", (11.6, -0.35), (5.65, -0.35), arrowprops={"arrowstyle": "->", "color": INK})
    axes.text(8.6, -0.62, "time: all lanes train an epoch together", ha="center", size=8, color=INK)


def draw_epoch(axes: Axes, place: tuple[float, float], trial: str, epoch: int | str) -> None:
    trained = isinstance(epoch, int)
    colour = COLOURS.get(trial, "#ffffff") + ("" if trained else "22")
    hatch = "" if trained or epoch != "dropped" else "////"
    shape = FancyBboxPatch(
        place, 0.9, 0.8, boxstyle="round,pad=0.01", fc=colour, ec=INK, lw=0.6, hatch=hatch
    )
    axes.add_patch(shape)
    text = f"trial {trial}\nepoch {epoch}" if trained else str(epoch)
    axes.text(
        place[0] + 0.45,
        place[1] + 0.4,
        text,
        ha="center",
        va="center",
        size=8,
        color="white" if trained else INK,
        bbox=None if trained else {"fc": "white", "ec": "none", "pad": 1, "alpha": 0.8},
    )


def main() -> None:
    figure, axes = plt.subplots(figsize=(11, 4.6))
    draw_processes(axes)
    draw_lanes(axes)
    axes.set(xlim=(-0.1, 11.8), ylim=(-0.8, 4.6))
    axes.axis("off")
    figure.tight_layout(pad=0.3)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
