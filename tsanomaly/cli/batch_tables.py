"""Runs and events as people read them on a terminal, and as plain rows for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tsanomaly.cli.tables import ARROWS, COLOURS
from tsanomaly.cli.terminal import printable
from tsanomaly.detection.events import describe_channels
from tsanomaly.report.words import shown
from tsanomaly.workspace import Outcome

if TYPE_CHECKING:
    from tsanomaly.batch.backtest import Backtest
    from tsanomaly.workspace import Run, SeriesOutcome, StoredEvent

GOOD = {Outcome.SUCCEEDED: "green", Outcome.FOUND_NOTHING: "green", Outcome.NOT_ENOUGH_DATA: "yellow"}

SERIES_SHOWN = 50
"""Series of a run in its table, those first that did not go well; json and csv have all."""


def runs_table(runs: Sequence[Run]) -> RenderableType:
    """A line a run."""
    if not runs:
        return Text("no runs", style="dim")
    table = Table(box=None, pad_edge=False)
    for name in ("run", "job", "scheduled (UTC)", "outcome", "series", "rows", "events", "took", ""):
        table.add_column(name, justify="right" if name in ("run", "series", "rows", "events", "took") else "left")
    for run in runs:
        table.add_row(
            str(run.id),
            printable(run.job),
            _when(run.scheduled_at),
            _outcome(run),
            *(_number(run.counts.get(name)) for name in ("series", "rows", "events")),
            _took(run),
            Text(shown(run.message), overflow="fold"),
        )
    return table


def run_block(run: Run, series: Sequence[SeriesOutcome]) -> RenderableType:
    """A run with the outcomes of its series."""
    facts = [
        f"attempt {run.attempt}, by {printable(run.owner)}",
        f"claimed {_when(run.claimed_at)} UTC, last sign of life {_when(run.heartbeat_at)}",
    ]
    order = sorted(series, key=lambda one: (one.outcome in GOOD, one.outcome != Outcome.SUCCEEDED, one.series))
    table = Table(box=None, pad_edge=False)
    for name in ("series", "outcome", "from (UTC)", "until", "rows", "events", ""):
        table.add_column(name, justify="right" if name in ("rows", "events") else "left")
    for one in order[:SERIES_SHOWN]:
        since = "" if one.scored_from is None else _when(one.scored_from)
        until = "" if one.scored_until is None else _when(one.scored_until)
        outcome = Text(str(one.outcome), style=GOOD.get(one.outcome, "bold red"))
        table.add_row(
            shown(one.series), outcome, since, until, f"{one.rows:,}", f"{one.events:,}", Text(shown(one.message))
        )
    more = len(series) - SERIES_SHOWN
    left = [Text(f"… and {more:,} more; --format csv shows all", style="dim")] if more > 0 else []
    return Group(runs_table([run]), *(Text(f"  {fact}", style="dim") for fact in facts), Text(), table, *left)


def events_table(events: Sequence[StoredEvent]) -> RenderableType:
    """A line an event."""
    if not events:
        return Text("no events", style="green")
    table = Table(box=None, pad_edge=False)
    for name in ("severity", "job", "series", "start (UTC)", "end", "kind", "", "channels", "status", "verdict"):
        table.add_column(name, justify="right" if name == "severity" else "left")
    for event in events:
        colour = next(colour for least, colour in COLOURS if event.severity >= least)
        table.add_row(
            Text(f"{event.severity:.1f}", style=colour),
            printable(event.job),
            shown(event.series),
            _when(event.start),
            _when(event.end),
            event.kind or "",
            ARROWS.get(event.direction, ""),
            shown(describe_channels(event.channels)),
            str(event.status),
            "" if event.verdict is None else str(event.verdict),
        )
    return table


def comparison(result: Backtest, top: int) -> RenderableType:
    """A backtest: how many, then which."""
    from tsanomaly.batch.backtest import Standing

    both, gone, new = (result.count(standing) for standing in (Standing.BOTH, Standing.GONE, Standing.NEW))
    lines: list[RenderableType] = [
        Text(f"{printable(result.job)}: {_when(result.since)} to {_when(result.until)} UTC", style="bold"),
        Text(f"  {result.series:,} series, {result.rows:,} rows"),
        Text(f"  {result.were:,} events were reported, {result.would_be:,} would be"),
        Text(f"  {both:,} of them the same, {gone:,} gone, {new:,} new"),
    ]
    lines += [Text(f"  {shown(name)}: {shown(why)}", style="red") for name, why in list(result.failed.items())[:5]]
    if len(result.failed) > 5:
        lines.append(Text(f"  … and {len(result.failed) - 5:,} more series that could not be scored", style="red"))
    table = Table(box=None, pad_edge=False)
    for name in ("severity", "", "series", "start (UTC)", "end"):
        table.add_column(name, justify="right" if name == "severity" else "left")
    style = {Standing.BOTH: "", Standing.GONE: "dim", Standing.NEW: "cyan"}
    events = result.events[: top or None]
    for event in events:
        table.add_row(
            f"{event.severity:.1f}",
            Text(str(event.standing), style=style[event.standing]),
            shown(event.series),
            _when(event.start),
            _when(event.end),
        )
    left = len(result.events) - len(events)
    more = [Text(f"  … and {left:,} more; --top 0 shows all", style="dim")] if left else []
    shown_events: list[RenderableType] = [Text(), table] if events else []
    return Group(*lines, *shown_events, *more)


def run_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Plain types, ready for JSON."""
    return [
        {
            "run": run.id,
            "job": run.job,
            "scheduled_at": run.scheduled_at.isoformat(),
            "outcome": None if run.outcome is None else str(run.outcome),
            "message": run.message,
            "attempt": run.attempt,
            "owner": run.owner,
            "claimed_at": run.claimed_at.isoformat(),
            "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
            "counts": dict(run.counts),
        }
        for run in runs
    ]


def series_rows(series: Sequence[SeriesOutcome]) -> list[dict[str, Any]]:
    """Plain types, ready for JSON."""
    return [
        {
            "series": one.series,
            "outcome": str(one.outcome),
            "message": one.message,
            "scored_from": None if one.scored_from is None else one.scored_from.isoformat(),
            "scored_until": None if one.scored_until is None else one.scored_until.isoformat(),
            "rows": one.rows,
            "events": one.events,
        }
        for one in series
    ]


def event_rows(events: Sequence[StoredEvent]) -> list[dict[str, Any]]:
    """Plain types, ready for JSON."""
    return [
        {
            "id": event.id,
            "job": event.job,
            "series": event.series,
            "start": event.start.isoformat(),
            "end": event.end.isoformat(),
            "peak_time": event.peak_time.isoformat(),
            "severity": event.severity,
            "score": event.score,
            "direction": event.direction,
            "kind": event.kind,
            "channels": [{"name": c.name, "share": c.share, "direction": c.direction} for c in event.channels],
            "status": str(event.status),
            "verdict": None if event.verdict is None else str(event.verdict),
        }
        for event in events
    ]


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def _outcome(run: Run) -> Text:
    if run.outcome is None:
        return Text("running", style="cyan")
    return Text(str(run.outcome), style=GOOD.get(run.outcome, "bold red"))


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _took(run: Run) -> str:
    if run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.claimed_at).total_seconds():.1f} s"
