"""The dashboard's own modules lie beside its ``app.py``, as Streamlit runs it."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tsanomaly.resources import dashboards_folder

sys.path.insert(0, str(dashboards_folder()))


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit leaves the page that it tests as ``__main__``, and every process spawned later would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def table(rows: int = 600, names: str = "pressure,flow") -> bytes:
    """A CSV with a season, noise and three spikes in the first channel."""
    rng = np.random.default_rng(3)
    season = np.sin(np.arange(rows) * 2 * np.pi / 24)
    values = np.column_stack([10 + season, 5 - season]) + rng.normal(0, 0.1, (rows, 2))
    values[[150, 280, 400], 0] += (5, 6, 8)
    times = np.datetime64("2026-01-01") + np.arange(rows) * np.timedelta64(1, "h")
    lines = [f"{time},{a:.3f},{b:.3f}" for time, (a, b) in zip(times, values, strict=True)]
    return "\n".join([f"time,{names}", *lines]).encode()


@pytest.fixture
def content() -> io.BytesIO:
    """A small file that can be judged in seconds."""
    return io.BytesIO(table())


@pytest.fixture
def run(tmp_path: Path, content: io.BytesIO) -> Any:
    """A small file, clocked by the minute, that the detector has judged."""
    import worker
    from runs import Runs

    clocked = re.sub(rb"T(\d\d),", rb"T\1:00,", content.getvalue())
    run = Runs(tmp_path / "runs").create("Pump 3.csv", io.BytesIO(clocked))
    run.ask(replace(run.request, threshold="1/day", steps=4, window=12))
    run.carry_out(lambda: worker.detect(run))
    return run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for runs of this test alone."""
    monkeypatch.setenv("TSANOMALY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
