"""Draw pictures of a small machined part, good ones and three kinds of defects."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 192
KINDS = ("scratch", "missing screw", "stain")
_SCREWS = ((46, 46), (146, 46), (46, 146), (146, 146))


def draw_folder(folder: Path, good: int, of_each: int, seed: int = 0) -> None:
    """Write `good` pictures and `of_each` of every kind of defect, JPEG of 192 x 192 in colour."""
    generator = np.random.default_rng(seed)
    for kind, count in (("good", good), *((kind, of_each) for kind in KINDS)):
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            part(generator, kind).save(place / f"{number:03d}.jpg", quality=90)


def part(generator: np.random.Generator, kind: str) -> Image.Image:
    """One picture: light, place and turn differ from picture to picture, as on a line."""
    missing = int(generator.integers(4)) if kind == "missing screw" else -1
    picture = _plate(generator)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((22, 22, 170, 170), 18, outline=(70, 74, 80), width=3)
    for number, (x, y) in enumerate(_SCREWS):
        if number == missing:
            draw.ellipse((x - 10, y - 10, x + 10, y + 10), fill=(28, 28, 32))
        else:
            _screw(draw, generator, x, y)
    draw.rounded_rectangle((66, 78, 126, 114), 5, fill=(34, 82, 146))
    draw.text((74, 84), "TN-40", fill=(235, 238, 240), font_size=18)
    if kind == "scratch":
        _scratch(draw, generator)
    if kind == "stain":
        picture = _stain(picture, generator)
    return _photographed(picture, generator)


def _plate(generator: np.random.Generator) -> Image.Image:
    """Brushed metal: noise that is smooth along one direction."""
    grain = generator.normal(0, 1, (SIDE, SIDE + 40))
    smooth = np.stack([np.convolve(row, np.ones(41) / 41, "valid") for row in grain])
    grey = np.clip(150 + 32 * smooth[:, :SIDE], 0, 255).astype(np.uint8)
    return Image.merge("RGB", [Image.fromarray(grey)] * 3)


def _screw(draw: ImageDraw.ImageDraw, generator: np.random.Generator, x: int, y: int) -> None:
    draw.ellipse((x - 11, y - 11, x + 11, y + 11), fill=(196, 178, 110), outline=(96, 84, 44))
    turn = generator.uniform(0, np.pi)
    across, up = 8 * np.cos(turn), 8 * np.sin(turn)
    draw.line((x - across, y - up, x + across, y + up), fill=(80, 68, 34), width=3)


def _scratch(draw: ImageDraw.ImageDraw, generator: np.random.Generator) -> None:
    x, y = generator.uniform(30, 150, 2)
    turn, length = generator.uniform(0, 2 * np.pi), generator.uniform(35, 80)
    steps = np.linspace(0, length, 9)
    bend = generator.normal(0, 1.5, 9).cumsum()
    points = [
        (x + s * np.cos(turn) - b * np.sin(turn), y + s * np.sin(turn) + b * np.cos(turn))
        for s, b in zip(steps, bend, strict=True)
    ]
    draw.line(points, fill=(236, 238, 242), width=int(generator.integers(2, 4)))


def _stain(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    x, y = generator.uniform(40, 150, 2)
    for _ in range(5):
        a, b, r = *generator.normal(0, 7, 2), generator.uniform(6, 13)
        draw.ellipse((x + a - r, y + b - r, x + a + r, y + b + r), fill=190)
    colour = tuple(int(c) for c in generator.uniform((60, 35, 15), (110, 70, 40)))
    dark = Image.new("RGB", picture.size, colour)
    return Image.composite(dark, picture, mask.filter(ImageFilter.GaussianBlur(3)))


def _photographed(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    turned = picture.rotate(
        generator.uniform(-2, 2),
        Image.Resampling.BICUBIC,
        translate=tuple(int(step) for step in generator.integers(-2, 3, 2)),
        fillcolor=(150, 150, 150),
    )
    light = generator.normal(1, 0.04) * (1 + 0.06 * np.linspace(-1, 1, SIDE)[None, :, None])
    pixels = np.asarray(turned, np.float32) * light
    pixels += generator.normal(0, 3, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
