"""The way from raw files to views as a small picture: boxes in layers from top to bottom, each a link."""

import re
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

WIDTH, GAP, PAD, LINE = 360, 12, 9, 14
MOST_LINES = 14
CHARACTER = 5.9  # pixels of a Latin letter at this size; a Chinese one takes two


@dataclass(frozen=True)
class Layer:
    """One box: the anchor it leads to, what it is, and what it holds."""

    anchor: str
    title: str
    names: str


def picture(layers: list[list[Layer]], /, *, alt: str) -> str:
    """An SVG of `layers`; boxes of one layer stand side by side, an empty layer is left out."""
    drawn: list[str] = []
    y = 2
    for layer in filter(None, layers):
        if drawn:
            drawn.append(_arrow(y))
            y += 22
        width = (WIDTH - GAP * (len(layer) - 1)) / len(layer)
        parts = [_lines(box, width) for box in layer]
        height = 2 * PAD + LINE * max(len(lines) for lines in parts)
        for place, (box, lines) in enumerate(zip(layer, parts, strict=True)):
            x = place * (width + GAP) + 1
            shape = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"/>'
            drawn.append(f'<a href="#{escape(box.anchor)}">{shape}{_texts(lines, x + PAD, y + PAD)}</a>')
        y += height
    return f'<svg role="group" aria-label="{escape(alt)}" viewBox="0 0 {WIDTH + 2} {y + 2}">{"".join(drawn)}</svg>'


def _lines(box: Layer, width: float) -> list[tuple[str, str]]:
    """The lines of title and names, broken to the width of the box, each with its class."""
    room = int((width - 2 * PAD) / CHARACTER)
    names = broken(box.names, room)
    if len(names) > MOST_LINES:
        names = [*names[: MOST_LINES - 1], "…"]
    return [*((line, "head") for line in broken(box.title, room)), *((line, "names") for line in names)]


def broken(text: str, room: int, /) -> list[str]:
    """`text` in lines of `room` Latin letters, a Chinese one taking the place of two; Latin words stay whole."""
    lines, taken = [""], 0
    for piece in re.findall(r"[!-~]+ ?|.", text):
        size = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in piece.rstrip())
        if taken + size > room and lines[-1]:
            lines.append("")
            taken = 0
        lines[-1] += piece
        taken += size + piece.endswith(" ")
    return [line.rstrip() for line in lines]


def _texts(lines: list[tuple[str, str]], x: float, y: float) -> str:
    return "".join(
        f'<text class="{kind}" x="{x:g}" y="{y + LINE * (place + 0.8):g}">{escape(line)}</text>'
        for place, (line, kind) in enumerate(lines)
    )


def _arrow(y: float) -> str:
    return f'<path d="M{WIDTH / 2:g} {y + 3:g}v12m-5 -5l5 6l5 -6" fill="none"/>'
