"""Data for jobs: many pumps in one long file, a known spike in each, and the jobs that read them."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from tsanomaly.batch.job import Job

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
DAY = timedelta(days=1)

ROWS = 480
"""Ten days of half hours; a day is the period."""


def pump(number, rows=ROWS, spikes=(200, 400)):
    """``(rows,)`` days with a spike of three rows at each of ``spikes``, a row later in each further pump."""
    random = np.random.default_rng(number)
    values = (1 + number % 3) * np.sin(np.arange(rows) * 2 * np.pi / 48) + random.normal(0, 0.05, rows) + 10 * number
    for spike in spikes:
        values[spike + number % 20 : spike + number % 20 + 3] += 6 * (1 + number % 3)
    return values


def name(number):
    return f"pump {number:03}"


def plant(pumps=4, rows=ROWS, start=START, **settings):
    """A long frame: ``pump``, ``time``, ``flow``."""
    times = pd.date_range(start, periods=rows, freq=STEP)
    frames = [pd.DataFrame({"pump": name(n), "time": times, "flow": pump(n, rows, **settings)}) for n in range(pumps)]
    return pd.concat(frames, ignore_index=True)


def job(path, **sections):
    """A job over a file, or with a source of another kind, and models that learn in milliseconds; ``sections`` are laid
    over."""
    plain = {
        "name": "plant",
        "source": {} if path is None else {"kind": "files", "path": str(path)},
        "columns": {"series": "pump", "time": "time", "values": ["flow"]},
        "model": {"kind": "linear", "learn_from": "14D"},
        "range": {"lookback": "4D"},
        "schedule": {"cron": "0 0 * * *"},
        "executor": {"shard": 3},
    }
    for section, settings in sections.items():
        plain[section] = {**plain.get(section, {}), **settings} if isinstance(settings, dict) else settings
    return Job.model_validate(plain)


def plant_file(folder, pumps=4):
    """The frame as a file that jobs read; its path."""
    path = folder / "plant.parquet"
    plant(pumps).to_parquet(path, index=False)
    return path


def toml(path, name="plant", cron="0 0 * * *", zone="UTC", extra=""):
    """The text of such a job, a series in each piece of work; ``extra`` stands at its end, within the schedule."""
    return f"""
name = "{name}"
[source]
kind = "files"
path = {json.dumps(str(path))}
[columns]
series = "pump"
time = "time"
values = ["flow"]
[model]
kind = "linear"
learn_from = "14D"
[range]
lookback = "4D"
[executor]
shard = 1
[schedule]
cron = "{cron}"
zone = "{zone}"
{extra}
"""


def at(days):
    """So many days after the first row."""
    return START + timedelta(days=days)


def results(workspace, job="plant"):
    """All that a job left, without what may differ from run to run: ids of runs, and when something was stored."""
    events = workspace.events.list(job, status=None, order="series", limit=None, details=True)
    scores = workspace.scores.read(job)
    return {
        "events": [
            (e.id, e.series, e.start, e.end, e.peak_time, e.severity, e.score, e.status, e.kind, dict(e.details))
            for e in events
        ],
        "watermarks": workspace.watermarks.all(job),
        "states": workspace.watermarks.states(job),
        "scores": scores.to_dict("list"),
        "alerts": sorted(message.key for message in workspace.outbox.list(job, limit=100_000)),
    }
