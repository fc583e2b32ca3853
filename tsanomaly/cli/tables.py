"""Results as people read them on a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tsanomaly.cli.judging import Failed, Judged
from tsanomaly.cli.terminal import printable

if TYPE_CHECKING:
    from tsanomaly import Detector, Diagnosis, Event, Events, Series
    from tsanomaly.cli.scorecard import Scorecard
    from tsanomaly.evaluation import FlagMetrics, Metrics

ARROWS = {"above": "↑", "below": "↓", "both": "↕"}
BAR = 8
COLOURS = ((50, "bold red"), (30, "dark_orange"), (20, "yellow"), (0, "green"))
CHANNELS_SHOWN = 3
GAPS_SHOWN = 3
ONE_SECOND = np.timedelta64(1, "s")


def diagnosis_block(diagnosis: Diagnosis) -> RenderableType:
    """How the source was understood: its name, then what was found."""
    name, *rest = map(printable, diagnosis.lines())
    return Group(Text(name, style="bold"), *(Text(f"  {line}", style=_line_style(line)) for line in rest))


def _line_style(line: str) -> str:
    return "yellow" if line.startswith("warning:") else "cyan" if line.startswith("repaired:") else ""


def detection(diagnosis: Diagnosis, results: list[Judged | Failed]) -> RenderableType:
    """How the file was understood, then each series' events."""
    blocks = [_one_result(result) for result in results]
    return Group(diagnosis_block(diagnosis), *(part for block in blocks for part in (Text(), block)))


def _one_result(result: Judged | Failed) -> RenderableType:
    if isinstance(result, Judged):
        return events_block(result.events)
    return Text(f"{printable(result.name)}: not judged", style="bold red")


def events_block(events: Events) -> RenderableType:
    """Threshold, coverage and the ranked events of one series."""
    return Group(*_facts(events), _events_table(events) if len(events) else Text("No events.", style="green"))


def _facts(events: Events) -> list[Text]:
    coverage, threshold = events.coverage, events.threshold
    found = f"{len(events)} event{'s' * (len(events) != 1)}, {events.per_week:.2g} a judged week"
    note = f" ({threshold.note})" if threshold.note else ""
    lines = [
        f"{printable(events.series.name)}: {found}",
        f"threshold: {threshold.rule}, score above {threshold.value:.4g}{note}",
        f"judged: {coverage.judged:,} of {coverage.judged + coverage.not_judged:,} rows ({coverage.share:.1%})",
    ]
    if coverage.gaps:
        more = ", …" if len(coverage.gaps) > GAPS_SHOWN else ""
        shown = ", ".join(f"{_clock(a)} to {_clock(b)}" for a, b in coverage.gaps[:GAPS_SHOWN])
        lines.append(f"not judged: {shown}{more}")
    return [Text(lines[0], style="bold"), *(Text(f"  {line}") for line in lines[1:])]


def _events_table(events: Events) -> Table:
    zone = events.series.zone or "as written"
    when = f"start ({zone})" if events.series.has_clock else "start (row)"
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("severity", no_wrap=True)
    table.add_column(printable(when), no_wrap=True)
    table.add_column("lasts", justify="right", no_wrap=True)
    table.add_column("peak", no_wrap=True)
    table.add_column("channels", overflow="fold")
    for event in events:
        table.add_row(
            str(event.rank), _severity(event.severity), _clock(event.start), lasts(events, event),
            _clock(event.peak_time), _channels(event),
        )
    return table


def _severity(severity: float) -> Text:
    colour = next(colour for least, colour in COLOURS if severity >= least)
    filled = round(severity / 100 * BAR)
    return Text.assemble(("█" * filled, colour), ("░" * (BAR - filled), "dim"), f" {severity:3.0f}")


def _channels(event: Event) -> Text:
    several = len(event.channels) > 1
    shown = event.channels[:CHANNELS_SHOWN]
    return Text("  ".join(f"{ARROWS[c.direction]} {printable(c.name)}{f' {c.share:.0%}' * several}" for c in shown))


def _clock(moment: str | int) -> str:
    """An ISO time without what the column's head says already; a row number as it is."""
    if isinstance(moment, int):
        return f"{moment:,}"
    day, _, clock = moment.partition("T")
    return f"{day} {clock[:5] if clock[5:8] in ('', ':00') else clock[:8]}"


def lasts(events: Events, event: Event) -> str:
    """How long an event lasts: ``3 h 20 min``, or ``12 rows`` without a clock."""
    rows = event.end_row - event.start_row
    if events.series.step is None:
        return f"{rows:,} row{'s' * (rows != 1)}"
    return spell_seconds(rows * events.series.step / ONE_SECOND)


def spell_seconds(seconds: float) -> str:
    """A duration to two units: ``3 h 20 min``."""
    for size, name, smaller, smaller_name in (
        (86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"), (1, "s", 0.001, "ms"),
    ):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            part = int(rest // smaller)
            return f"{whole:.0f} {name}" + (f" {part} {smaller_name}" if part else "")
    return f"{seconds * 1000:.3g} ms"


def model_block(name: str, detector: Detector) -> RenderableType:
    """What a model learned from, how, and its threshold."""
    source, step = detector.learned_from_, detector.step_
    history = detector.history_[0]
    threshold = detector.threshold_
    note = f" ({threshold.note})" if threshold.note else ""
    facts = {
        "learned from": f"{source['name']}, {source['rows']:,} rows",
        "from": f"{_clock(source['start'])} to {_clock(source['end'])}",
        "data sha256": source["sha256"],
        "channels": ", ".join(detector.channels_),
        "step": "no clock: rows are counted" if step is None else spell_seconds(step / ONE_SECOND),
        "windows": ", ".join(f"{length} rows" for length in detector.window_),
        "layers": ", ".join(f"{size:g}" for size in detector.layers),
        "training": f"weights of step {history.best_step}; {history.stopped}",
        "threshold": f"{threshold.rule}, score above {threshold.value:.4g}{note}",
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for key, value in facts.items():
        table.add_row(key, Text(printable(value)))
    return Group(Text(printable(name), style="bold"), table)


SCORES: dict[str, Callable[[Metrics, FlagMetrics], float]] = {
    "VUS-PR": lambda scored, flagged: scored.vus_pr,
    "VUS-ROC": lambda scored, flagged: scored.vus_roc,
    "AUC-PR": lambda scored, flagged: scored.auc_pr,
    "AUC-ROC": lambda scored, flagged: scored.auc_roc,
    "range precision": lambda scored, flagged: flagged.range.precision,
    "range recall": lambda scored, flagged: flagged.range.recall,
    "range F1": lambda scored, flagged: flagged.range.f1,
    "affiliation F1": lambda scored, flagged: flagged.affiliation.f1,
    "event F1": lambda scored, flagged: flagged.event.f1,
    "point F1": lambda scored, flagged: flagged.point.f1,
    "point-adjusted F1 *": lambda scored, flagged: flagged.point_adjusted.f1,
}
COUNTS: dict[str, Callable[[Metrics, FlagMetrics], str]] = {
    "labelled events found": lambda scored, flagged: f"{flagged.events_found} of {scored.events}",
    "alarms": lambda scored, flagged: str(flagged.alarms),
    "false alarms": lambda scored, flagged: str(flagged.false_alarms),
}


def scorecard_table(series: Series, card: Scorecard) -> RenderableType:
    """A row a metric, a column for each thing that was scored."""
    from tsanomaly.evaluation import POINT_ADJUSTED_WARNING

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("")
    for name in card:
        table.add_column(name, justify="right")
    columns = [(metrics, metrics.flags) for metrics in card.values() if metrics.flags is not None]
    for metric, score in SCORES.items():
        table.add_row(metric, *(_number(score(*column)) for column in columns))
    for metric, count in COUNTS.items():
        table.add_row(metric, *(count(*column) for column in columns))
    first = columns[0][0]
    head = f"{printable(series.name)}: {first.points:,} rows, {first.anomalous:,} labelled in {first.events} events"
    notes = ("The baselines flag as many rows as the detector does.", f"* {POINT_ADJUSTED_WARNING}")
    return Group(Text(head, style="bold"), table, *(Text(note, style="dim") for note in notes))


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
