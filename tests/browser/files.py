"""Files as a browser uploads them."""

from __future__ import annotations

from typing import Any


def spiky(rows: int = 400, names: tuple[str, ...] = ("pressure",)) -> dict[str, Any]:
    """A CSV of hourly rows with three spikes in every channel."""
    lines = [",".join(["time", *(f'"{name}"' for name in names)])]
    for row in range(rows):
        value = (row * 7919 % 97) / 97 + (20 if row in (100, 200, 300) else 0) * (1 + row / 100)
        lines.append(",".join([f"2026-01-{row // 24 + 1:02d} {row % 24:02d}:00", *[f"{value:.3f}"] * len(names)]))
    return {"name": "spiky.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
