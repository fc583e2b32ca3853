"""Runs of the detector, each in a folder and a process of its own. No Streamlit here.

A run's folder is all there is to it: what was uploaded, what was asked, how far it is, what came out. A page that is
reloaded, a second tab, or another server on the same machine reads the same files. Nothing is pickled.

::

    source            the file as it came
    request.json      name, overrides, series, settings
    process.json      the worker's process
    progress.json     renewed while it works
    outcome.json      written last: done, failed or cancelled, and a sentence
    series.json, arrays.npz, diagnosis.json, model.safetensors      the result

Folders are readable by their owner alone, and their names are 128 random bits: who does not know a name finds nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.series import Finding, Level

KEEP_DAYS = 14
WORKER = Path(__file__).with_name("worker.py")


class State(StrEnum):
    """How far a run is."""

    PREPARED = "prepared"  # a file is there, nothing was started
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the message says why, in one sentence
    CANCELLED = "cancelled"
    LOST = "lost"  # its process ended without a word: killed, out of memory, or the machine went down


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        name: of the file, as the user knows it.
        overrides: for ``tsanomaly.read_file``, those that were set.
        series: which one of several; ``None``: the only one.
        budget: as ``3/week``.
        window: rows; ``None``: from the series' period.
        steps: most training steps; ``None``: the default.
        trained: a model came with the run, so nothing is learned.
    """

    name: str
    overrides: dict[str, Any] = field(default_factory=dict)
    series: str | None = None
    budget: str = "3/week"
    window: int | None = None
    steps: int | None = None
    trained: bool = False


@dataclass(frozen=True)
class Status:
    """Where a run stands; ``seconds_left`` is of the current stage, ``None`` while unknown."""

    state: State
    message: str = ""
    stage: str = ""
    done: int = 0
    total: int = 0
    elapsed: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """What came out of a run."""

    series: tsanomaly.Series
    scores: tsanomaly.Scores
    detector: tsanomaly.Detector
    diagnosis: tsanomaly.Diagnosis


class Run:
    """One run, by its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def request(self) -> Request:
        """What it is asked to do."""
        return Request(**self._read("request"))

    @property
    def model(self) -> Path:
        """The trained model, once there is one."""
        return self.folder / "model.safetensors"

    def ask(self, request: Request) -> None:
        """Set what it is asked to do."""
        self.write("request", asdict(request))

    def open_source(self) -> IO[bytes]:
        """The uploaded file under its own name."""
        raw = io.FileIO(self.folder / "source")
        raw.name = self.request.name  # what messages call it
        return io.BufferedReader(raw)

    def read(self, progress: Callable[[float], bool | None] | None = None) -> tsanomaly.Reading:
        """The file as series, read as the request says.

        Raises:
            DataError: as ``tsanomaly.read_file``.
        """
        request = self.request
        with self.open_source() as source:
            return tsanomaly.read_file(source, **request.overrides, progress=progress)

    # --- the process -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, in a process that outlives the page and the server."""
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(WORKER), str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )
        self.write("process", {"pid": process.pid, "created": _created(process.pid), "started": time.time()})
        threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie when it ends

    def status(self) -> Status:
        """Where it stands."""
        outcome = self._read("outcome")
        if outcome:
            return Status(State(outcome["state"]), outcome["message"])
        process = self._read("process")
        if not process:
            return Status(State.PREPARED)
        if not self._alive(process):
            outcome = self._read("outcome")  # it may have ended between the two looks
            if outcome:
                return Status(State(outcome["state"]), outcome["message"])
            return Status(State.LOST, "The run ended without a result: it was stopped from outside or out of memory.")
        progress = self._read("progress") or {"stage": "starting", "done": 0, "total": 0, "since": process["started"]}
        done, total = progress["done"], progress["total"]
        spent = time.time() - progress["since"]
        left = spent * (total - done) / done if done and spent > 0.5 else None
        elapsed = time.time() - process["started"]
        return Status(State.RUNNING, "", progress["stage"], done, total, elapsed, left)

    def cancel(self) -> None:
        """Stop it now. A result that is there already stays."""
        process = self._read("process")
        if process and self._alive(process):
            self.end(State.CANCELLED, "Cancelled; nothing was kept.")
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(process["pid"]).kill()

    def end(self, state: State, message: str = "") -> None:
        """Say how it ended; the first word stands."""
        try:
            (self.folder / "ended").touch(exist_ok=False)
        except FileExistsError:
            return
        self.write("outcome", {"state": state, "message": message})

    def _alive(self, process: dict[str, Any]) -> bool:
        return process["created"] is not None and _created(process["pid"]) == process["created"]

    # --- the result --------------------------------------------------------------------------------------------------

    def keep(self, result: Result) -> None:
        """Write what came out; call :meth:`end` afterwards."""
        series, scores = result.series, result.scores
        tsanomaly.save(result.detector, self.model)
        with (self.folder / "arrays.npz").open("wb") as file:
            np.savez(
                file,
                times=series.times.astype(np.int64),
                values=series.values,
                total=scores.total,
                by_channel=scores.by_channel,
                expected=scores.expected,
            )
        self.write("diagnosis", result.diagnosis.to_dict())
        self.write(
            "series",
            {
                "name": series.name,
                "channels": series.channels,
                "zone": series.zone,
                "step_ns": None if series.step is None else int(series.step / np.timedelta64(1, "ns")),
            },
        )

    def result(self) -> Result:
        """What came out of a run that is done."""
        about = self._read("series")
        with np.load(self.folder / "arrays.npz", allow_pickle=False) as arrays:
            step = None if about["step_ns"] is None else np.timedelta64(about["step_ns"], "ns")
            times = arrays["times"] if step is None else arrays["times"].view("datetime64[ns]")
            channels = tuple(about["channels"])
            series = tsanomaly.Series(times, arrays["values"], channels, step, about["zone"], name=about["name"])
            scores = tsanomaly.Scores(times, arrays["total"], arrays["by_channel"], arrays["expected"], channels)
        return Result(series, scores, tsanomaly.load(self.model), _diagnosis(self._read("diagnosis")))

    # --- files -------------------------------------------------------------------------------------------------------

    def write(self, name: str, content: dict[str, Any]) -> None:
        """A JSON file, written aside and renamed: a reader sees the old one or the new one."""
        aside = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        aside.write_text(json.dumps(content))
        aside.replace(self.folder / f"{name}.json")

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.folder / f"{name}.json").read_text())
        except FileNotFoundError:
            return {}


class Runs:
    """All runs of this user, under one private folder."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or default_home()
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home.chmod(0o700)
        except OSError as error:
            raise ConfigurationError(
                f"the folder '{self.home}' for runs cannot be used ({error.strerror}); "
                "set TSANOMALY_HOME to a folder of your own"
            ) from None

    def create(self, name: str, content: IO[bytes], model: Path | None = None) -> Run:
        """A run of a file that was just given, not started yet."""
        run = self._new()
        with (run.folder / "source").open("wb") as file:
            shutil.copyfileobj(content, file, 2**20)
        if model is not None:
            shutil.copyfile(model, run.model)
        run.ask(Request(name, trained=model is not None))
        return run

    def again(self, run: Run, request: Request) -> Run:
        """A new run of the same file; the first one keeps its result."""
        new = self._new()
        shutil.copyfile(run.folder / "source", new.folder / "source")
        if request.trained:
            shutil.copyfile(run.model, new.model)
        new.ask(request)
        return new

    def open(self, run_id: str) -> Run | None:
        """The run of that name; ``None`` where there is none (any more)."""
        if not re.fullmatch("[0-9a-f]{32}", run_id):
            return None
        folder = self.home / run_id
        return Run(folder) if (folder / "request.json").is_file() else None

    def sweep(self, keep_days: float = KEEP_DAYS) -> None:
        """Forget runs that nobody touched for so long, and those that never came to a request."""
        oldest = time.time() - keep_days * 86_400
        for folder in self.home.iterdir():
            if re.fullmatch("[0-9a-f]{32}", folder.name) and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)

    def _new(self) -> Run:
        folder = self.home / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        return Run(folder)


def default_home() -> Path:
    """``TSANOMALY_HOME``, or a folder for state in the user's home."""
    if os.environ.get("TSANOMALY_HOME"):
        return Path(os.environ["TSANOMALY_HOME"]) / "runs"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "tsanomaly" / "runs"


def _diagnosis(plain: dict[str, Any]) -> tsanomaly.Diagnosis:
    """Back from plain types."""
    findings = tuple(
        Finding(**{**finding, "level": Level(finding["level"]), "rows": tuple(finding["rows"])})
        for finding in plain["findings"]
    )
    return tsanomaly.Diagnosis(**{**plain, "channels": tuple(plain["channels"]), "findings": findings})


def _created(pid: int) -> float | None:
    """When that process began, which with its number names it for good; ``None`` where it ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None
