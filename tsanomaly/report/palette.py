"""Colours, from the palette of Okabe and Ito (2008), which people with any colour vision tell apart."""

from __future__ import annotations

from dataclasses import dataclass

BLUE, SKY, GREEN, ORANGE, VERMILLION = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"


@dataclass(frozen=True)
class Palette:
    """One colour a meaning, the same in every picture.

    Attributes:
        text, muted, grid, paper: of the page.
        actual, expected: of a channel.
        score: of the anomaly score.
        threshold: of the line above which events begin.
        event, chosen: shading behind events, and behind the one that was chosen; ``rgba(...)``.
        band: between the lowest and the highest value to be expected; ``rgba(...)``.
        heat: from usual to most unusual, each step further from the page's colour in lightness, which is what any
            colour vision sees.
    """

    text: str
    muted: str
    grid: str
    paper: str
    actual: str
    expected: str
    score: str
    threshold: str
    event: str
    chosen: str
    band: str
    heat: tuple[str, ...]


LIGHT = Palette(
    text="#1f2933",
    muted="#66727f",
    grid="#e6e9ed",
    paper="#ffffff",
    actual=BLUE,
    expected="#3b4654",
    score="#7b8794",
    threshold=VERMILLION,
    event="rgba(213, 94, 0, 0.14)",
    chosen="rgba(213, 94, 0, 0.28)",
    band="rgba(59, 70, 84, 0.16)",
    heat=("#f4f6f8", "#fbdcb0", "#efa63c", VERMILLION, "#8a3a00", "#431a00"),
)
DARK = Palette(
    text="#e4e8ed",
    muted="#98a4b1",
    grid="#2b333d",
    paper="#13171c",
    actual=SKY,
    expected="#dfe4ea",
    score="#8b97a4",
    threshold="#ee7b30",  # vermillion, lightened to be readable on a dark page
    event="rgba(238, 123, 48, 0.18)",
    chosen="rgba(238, 123, 48, 0.34)",
    band="rgba(223, 228, 234, 0.16)",
    heat=("#1a2027", "#4a2a14", "#8f4412", VERMILLION, "#f0a847", "#fdf0d0"),
)
