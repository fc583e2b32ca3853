"""A message that only tests whether alerts would arrive."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import numpy as np

from tsanomaly.batch.alerts.picture import draw
from tsanomaly.batch.alerts.receivers import Outgoing, send
from tsanomaly.batch.alerts.wording import name
from tsanomaly.batch.job import Job
from tsanomaly.errors import TsAnomalyError

_ROWS = 288


def rehearse(job: Job, now: datetime) -> dict[str, str]:
    """Send a test through each channel of a job, at once: quiet hours do not hold it.

    Returns:
        By channel why it did not arrive; empty where it did.
    """
    said: dict[str, str] = {}
    for channel in job.alerts.channels:
        key = uuid.uuid4().hex
        text = f"Alerts of the job '{name(job.name)}' arrive here. Nothing has happened.\n\nalert {key[:12]}"
        message = Outgoing(key, f"{name(job.name)}: a test", text, _picture(now) if job.alerts.plot else None)
        try:
            send(channel.url_env, message)
            said[channel.label] = ""
        except TsAnomalyError as error:
            said[channel.label] = str(error)
    return said


def _picture(now: datetime) -> bytes:
    """A day of a made-up series with an event in it."""
    hours = np.arange(_ROWS) / 12
    expected = np.sin(hours / 24 * 2 * np.pi)
    actual = expected + np.where((hours >= 15) & (hours < 17), 1.5, 0.0)
    times = np.datetime64(now.replace(tzinfo=None), "us") + (hours * 3.6e9).astype("timedelta64[us]")
    event = (now + timedelta(hours=15), now + timedelta(hours=17))
    return draw(times, actual, expected, np.abs(actual - expected), event, ("a test: nothing", "anomaly score"), "UTC")
