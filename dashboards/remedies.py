"""What one click can do about a finding: read the file differently, or leave a channel out. No Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tsanomaly
from tsanomaly.report.words import shown
from tsanomaly.series import Finding

OF_A_CLOCK = {"several-offsets", "clock-change", "repeated-hour", "skipped-hour", "mixed-offsets"}
OF_A_COLUMN = {"constant-column", "counter-column", "text-cells", "infinite", "missing-values", "empty-column"}


@dataclass(frozen=True)
class Remedy:
    """One click.

    Attributes:
        label: what it does.
        overrides: for ``tsanomaly.read_file``, beside those that are set already.
    """

    label: str
    overrides: dict[str, Any]


def of(finding: Finding, said: tsanomaly.Diagnosis, timezone: str | None) -> list[Remedy]:
    """What can be done about a finding; often nothing need be.

    Args:
        timezone: of the browser, which is often the file's.
    """
    if finding.code in OF_A_CLOCK:
        zones = dict.fromkeys(zone for zone in (timezone, "UTC") if zone)
        return [Remedy(f"Times are in {zone}", {"zone": zone}) for zone in zones]
    if finding.code == "day-or-month" and said.time_format:
        swapped = _swapped(said.time_format)
        return [Remedy(f"Read as {swapped}", {"time_format": swapped})] if swapped else []
    if finding.code == "decimal-or-thousands" and said.decimal:
        other = "," if said.decimal == "." else "."
        return [] if other == said.delimiter else [Remedy(f"'{other}' is the decimal sign", {"decimal": other})]
    if finding.code == "guessed-encoding":
        return [Remedy(f"Read as {name}", {"encoding": name}) for name in ("cp1252", "cp1250") if name != said.encoding]
    if finding.code == "odd-labels":
        return [Remedy("It holds no labels", {"label_column": ""})]
    if finding.code in OF_A_COLUMN and finding.column in said.channels and len(said.channels) > 1:
        kept = [name for name in said.channels if name != finding.column]
        return [Remedy(f"Leave {shown(str(finding.column), 24)} out", {"channels": kept})]
    return []


def _swapped(time_format: str) -> str:
    """The format with day and month the other way round; empty where it names neither."""
    named = {"day first": "month first", "month first": "day first"}
    if time_format in named:
        return named[time_format]
    if "%d" not in time_format or "%m" not in time_format:
        return ""
    return time_format.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
