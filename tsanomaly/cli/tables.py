"""Results as people read them on a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tsanomaly.cli.judging import Failed, Judged
from tsanomaly.cli.terminal import printable
from tsanomaly.report.words import lasting, percent, rows_lasting, shown

if TYPE_CHECKING:
    from tsanomaly import Detector, Diagnosis, Event, Events, Series, Threshold
    from tsanomaly.cli.scorecard import Scorecard
    from tsanomaly.evaluation import FlagMetrics, Metrics

ARROWS = {"above": "↑", "below": "↓", "both": "↕"}
BAR = 8
COLOURS = ((40, "bold red"), (25, "dark_orange"), (15, "yellow"), (0, "green"))
CHANNELS_SHOWN = 3
FAINT = 0.05
"""Share of an event below which its channel is not named, unless it leads."""

GAPS_SHOWN = 3


def detection(diagnosis: Diagnosis, results: list[Judged | Failed], top: int) -> RenderableType:
    """How the file was understood, then each series' ``top`` events (0: all)."""
    blocks = [_one_result(result, top) for result in results]
    return Group(diagnosis_block(diagnosis), *(part for block in blocks for part in (Text(), block)))


def diagnosis_block(diagnosis: Diagnosis) -> RenderableType:
    """How the source was understood: its name, then what was found."""
    name, *rest = map(printable, diagnosis.lines())
    return Group(Text(name, style="bold"), *(_indented(line, _line_style(line)) for line in rest))


def _indented(line: str, style: str = "") -> RenderableType:
    return Padding.indent(Text(line, style=style), 2)


def _line_style(line: str) -> str:
    return "yellow" if line.startswith("warning:") else "cyan" if line.startswith("repaired:") else ""


def _one_result(result: Judged | Failed, top: int) -> RenderableType:
    if isinstance(result, Failed):
        return Text(f"{shown(result.name)}: not judged", style="bold red")
    events = result.events
    if not len(events):
        return Group(*_facts(result), Text("  no events", style="green"))
    shown_events = events[: top or None]
    left = len(events) - len(shown_events)
    more = [Text(f"  … and {left} more; --top 0 shows all", style="dim")] if left else []
    return Group(*_facts(result), Text(), _events_table(events, shown_events), *more)


def _facts(result: Judged) -> list[RenderableType]:
    events = result.events
    coverage = events.coverage
    found = f"{len(events)} event{'s' * (len(events) != 1)}, {_rate(events.per_week)} a judged week"
    rows = f"{coverage.judged:,} of {coverage.judged + coverage.not_judged:,} rows ({percent(coverage.share)})"
    lines = [f"threshold: {threshold_words(events.threshold)}", f"judged: {rows}"]
    if coverage.gaps:
        more = ", …" if len(coverage.gaps) > GAPS_SHOWN else ""
        gaps = ", ".join(f"{_clock(start)} to {_clock(end)}" for start, end in coverage.gaps[:GAPS_SHOWN])
        lines.append(f"not judged: {gaps}{more}")
    if result.twin is not None:
        lines.append(printable(result.twin.sentence))
    return [Text(f"{shown(events.series.name)}: {found}", style="bold"), *map(_indented, lines)]


def _rate(per_week: float) -> str:
    return f"{per_week:,.0f}" if per_week >= 10 else f"{per_week:.2g}"


def threshold_words(threshold: Threshold) -> str:
    """The rule, the value, and what is worth knowing of them."""
    note = f" ({threshold.note})" if threshold.note else ""
    return f"{threshold.rule}, here a score above {threshold.value:.4g}{note}"


def _events_table(events: Events, rows: tuple[Event, ...]) -> Table:
    zone = shown(events.series.zone or "as written")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right", min_width=4)
    table.add_column("severity", no_wrap=True)
    table.add_column(f"start ({zone})" if events.series.has_clock else "start (row)", no_wrap=True)
    table.add_column("lasts", justify="right", no_wrap=True)
    table.add_column("peak", no_wrap=True)
    table.add_column("channels", overflow="fold")
    for event in rows:
        lasts = rows_lasting(events.series, event.end_row - event.start_row)
        times = _clock(event.start), lasts, _clock(event.peak_time)
        table.add_row(str(event.rank), _severity(event.severity), *times, _channels(event))
    return table


def _severity(severity: float) -> Text:
    colour = next(colour for least, colour in COLOURS if severity >= least)
    filled = round(severity / 100 * BAR)
    return Text.assemble(("█" * filled, colour), ("░" * (BAR - filled), "dim"), f" {severity:3.0f}")


def _channels(event: Event) -> Text:
    several = len(event.channels) > 1
    leader, *others = event.channels[:CHANNELS_SHOWN]
    parts = [
        f"{ARROWS[channel.direction]} {shown(channel.name)}{f' {percent(channel.share)}' * several}"
        for channel in (leader, *(other for other in others if other.share >= FAINT))
    ]
    return Text(", ".join(parts))


def _clock(moment: str | int) -> str:
    """An ISO time without the zone, which the column's head names, and without empty seconds; a row number as it is."""
    if isinstance(moment, int):
        return f"{moment:,}"
    day, _, time = moment.partition("T")
    return f"{day} {time[:5] if time[5:8] in ('', ':00') else time[:8]}"


def model_block(name: str, detector: Detector) -> RenderableType:
    """What a model learned from, how, and its threshold."""
    source, history = detector.learned_from_, detector.history_[0]
    facts = {
        "learned from": f"{source['name']}, {source['rows']:,} rows",
        "time": f"{_clock(source['start'])} to {_clock(source['end'])}",
        "data sha256": source["sha256"],
        "channels": ", ".join(map(shown, detector.channels_)),
        "step": "no clock: rows are counted" if detector.step_ is None else lasting(detector.step_),
        "window": f"{detector.window_} rows",
        "layers": ", ".join(f"{size:g}" for size in detector.layers),
        "training": f"weights of step {history.best_step}; {history.stopped}",
        "threshold": threshold_words(detector.threshold_),
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
    head = f"{shown(series.name)}: {first.points:,} rows, {first.anomalous:,} labelled in {first.events} events"
    notes = ("The baselines flag as many rows as the detector does.", f"* {POINT_ADJUSTED_WARNING}")
    return Group(Text(head, style="bold"), table, *(Text(note, style="dim") for note in notes))


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
