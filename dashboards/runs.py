"""Runs of the detector, each a task in a folder of its own. No Streamlit here. Nothing is pickled.

Beside what every task's folder holds::

    source            the file as it came
    request.json      name, overrides, series, settings
    series.json, arrays/, diagnosis.json, model.safetensors      the result
    applied.json      thresholds that were applied to the model since, the latest last
    twin/             the comparison with the linear twin, a task of its own
    trials/           self-tests at one threshold or another, each a task of its own

Folders are readable by their owner alone, and their names are 128 random bits: who does not know a name finds nothing.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import rules
from task import Task

import tsanomaly
from tsanomaly.errors import ConfigurationError
from tsanomaly.series import Finding, Level, read_beginning

KEEP_DAYS = 14
BEGINNING = 200_000
"""Rows of a Parquet file that a session reads to show how it is understood; a run, in its own process, reads all."""

USUAL = "3/week"
"""The threshold where nobody said otherwise, as :mod:`rules` writes it."""


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        name: of the file, as the user knows it.
        overrides: for ``tsanomaly.read_file``, those that were set.
        series: which one of several; ``None``: the only one.
        threshold: as :mod:`rules` writes it; ``None``: the model's own, which stands here when the run is done.
        window: rows; ``None``: from the series' period.
        steps: most training steps; ``None``: the default.
        trained: a model came with the run, so nothing is learned.
    """

    name: str
    overrides: dict[str, Any] = field(default_factory=dict)
    series: str | None = None
    threshold: str | None = USUAL
    window: int | None = None
    steps: int | None = None
    trained: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """A file before its run: what was read of it as series, and how many rows it has."""

    reading: tsanomaly.Reading
    rows: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        return self.reading.diagnosis.rows == self.rows


@dataclass(frozen=True, eq=False)
class Result:
    """What came out of a run."""

    series: tsanomaly.Series
    scores: tsanomaly.Scores
    detector: tsanomaly.Detector
    diagnosis: tsanomaly.Diagnosis


class Run(Task):
    """One run, by its folder."""

    kind = "detect"

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def request(self) -> Request:
        """What it is asked to do."""
        asked = self.read_json("request")
        return Request(**{name: asked[name] for name in Request.__dataclass_fields__ if name in asked})

    @property
    def model(self) -> Path:
        """The trained model, once there is one."""
        return self.folder / "model.safetensors"

    @property
    def twin(self) -> Twin:
        """The comparison of its detector with the linear twin."""
        return Twin(self.folder / "twin")

    def trial(self, threshold: str) -> Trial:
        """The self-test of its result at some threshold, started or not."""
        return Trial(self.folder / "trials" / re.sub(r"\W+", "-", threshold))

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

    def look(self) -> Look:
        """The file as far as it is looked at before a run: of a long Parquet file its beginning, all of any other.

        Raises:
            DataError: as ``tsanomaly.read_file``.
        """
        with self.open_source() as source:
            if source.peek(4)[:4] == b"PAR1":  # type: ignore[attr-defined]
                return Look(*read_beginning(source, BEGINNING, **self.request.overrides))
        reading = self.read()
        return Look(reading, reading.diagnosis.rows)

    # --- the result --------------------------------------------------------------------------------------------------

    def keep(self, result: Result) -> None:
        """Write what came out; call :meth:`end` afterwards."""
        series, scores = result.series, result.scores
        tsanomaly.save(result.detector, self.model)
        arrays = {
            "times": series.times.astype(np.int64),
            "values": series.values,
            "total": scores.total,
            "by_channel": scores.by_channel,
            "expected": scores.expected,
        }
        if series.labels is not None:
            arrays["labels"] = series.labels
        folder = self.folder / "arrays"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", np.asfortranarray(array), allow_pickle=False)  # a channel lies in one piece
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
        """What came out of a run that is done. Arrays are mapped: a page takes from the disk what it draws."""
        about = self.read_json("series")
        arrays = {path.stem: np.load(path, "r", allow_pickle=False) for path in (self.folder / "arrays").glob("*.npy")}
        step = None if about["step_ns"] is None else np.timedelta64(about["step_ns"], "ns")
        times = arrays["times"] if step is None else arrays["times"].view("datetime64[ns]")
        channels, labels = tuple(about["channels"]), arrays.get("labels")
        series = tsanomaly.Series(times, arrays["values"], channels, step, about["zone"], labels, name=about["name"])
        scores = tsanomaly.Scores(times, arrays["total"], arrays["by_channel"], arrays["expected"], channels)
        return Result(series, scores, tsanomaly.load(self.model), _diagnosis(self.read_json("diagnosis")))

    # --- its threshold -----------------------------------------------------------------------------------------------

    @property
    def applied(self) -> list[str]:
        """Thresholds that its model has had, as :mod:`rules` writes them; the last one holds."""
        return [each["text"] for each in self._laid()] or [self.request.threshold or USUAL]

    def apply(self, threshold: str) -> None:
        """Lay the model's threshold anew, so that whoever uses the model has it."""
        detector = tsanomaly.load(self.model)
        laid = self._laid() or [{"text": self.applied[-1], **vars(detector.threshold_)}]
        rules.lay(detector, threshold)
        tsanomaly.save(detector, self.model)
        self.write("applied", {"thresholds": [*laid, {"text": threshold, **vars(detector.threshold_)}]})

    def undo(self) -> None:
        """Go back to the threshold before, to the bit."""
        laid = self._laid()[:-1]
        if laid:
            detector = tsanomaly.load(self.model)
            was = dict(laid[-1])
            text = was.pop("text")
            rules.set_for(detector, text).threshold_ = tsanomaly.Threshold(**was)
            tsanomaly.save(detector, self.model)
            self.write("applied", {"thresholds": laid})

    def _laid(self) -> list[dict[str, Any]]:
        return list(self.read_json("applied").get("thresholds", []))


class Twin(Task):
    """The short comparison with the linear twin, which follows a run in the same process."""

    kind = "compare"

    @property
    def run(self) -> Run:
        """Whose result is compared."""
        return Run(self.folder.parent)

    @property
    def verdict(self) -> str:
        """What came out, in one line; empty as long as nothing did."""
        return str(self.read_json("verdict").get("sentence", ""))


class Trial(Task):
    """A self-test of a run's detector at some threshold, of all kinds and at several strengths."""

    kind = "test"

    @property
    def run(self) -> Run:
        """Whose result is tested."""
        return Run(self.folder.parents[1])

    @property
    def threshold(self) -> str:
        """That it is made at, as :mod:`rules` writes it."""
        return str(self.read_json("request")["threshold"])

    @property
    def findings(self) -> dict[str, Any]:
        """What came out: ``tsanomaly.evaluation.SelfTest.to_dict()``."""
        return self.read_json("findings")

    def begin(self, threshold: str) -> None:
        """Start anew, forgetting how it ended before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        self.write("request", {"threshold": threshold})
        self.start()


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
