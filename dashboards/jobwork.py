"""What is asked of a job by hand: a run, a backfill, a backtest, each in a process of its own. No Streamlit here.

One folder for each job and action: whoever opens the job sees what somebody else began::

    request.json    the workspace, the job, the action and its stretch
    result.json     what came out: the run's number, or the comparison
"""

from __future__ import annotations

import hashlib
import shutil
from datetime import datetime
from enum import StrEnum
from typing import Any

import psutil
from runs import default_home
from task import State, Task

from tsanomaly.workspace import Workspace


class Action(StrEnum):
    """What may be asked."""

    RUN = "run"  # what is new, now
    BACKFILL = "backfill"  # a stretch of the past, scored anew
    BACKTEST = "backtest"  # what another threshold would have reported; nothing is changed
    REFIT = "refit"  # a model learns again, a series' own or the shared one, with what verdicts say: the next version
    TEST = "test"  # what a version of a model would catch, by injected anomalies


class JobWork(Task):
    """One action on one job."""

    kind = "job"

    @classmethod
    def of(cls, workspace: Workspace, job: str, action: Action) -> JobWork:
        """Where it is carried out, whether it was begun or not."""
        name = hashlib.blake2b(f"{workspace.shown}\x1f{job}\x1f{action}".encode(), digest_size=12).hexdigest()
        return cls(default_home().with_name("job-work") / name)

    def begin(self, workspace: Workspace, job: str, action: Action, **settings: Any) -> None:
        """Start anew, forgetting how it ended before; does nothing while it runs."""
        if self.status().state is State.RUNNING:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        self.write("request", {"url": workspace.url, "job": job, "action": action} | settings)
        self.start()

    @property
    def changes(self) -> bool:
        """Whether it changes what is shared, as all do that are no mere trial."""
        return self.request.get("action") not in (Action.BACKTEST, Action.TEST)

    @property
    def request(self) -> dict[str, Any]:
        """What was asked."""
        return self.read_json("request")

    @property
    def result(self) -> dict[str, Any]:
        """What came out; empty as long as nothing did."""
        return self.read_json("result")

    def cancel(self) -> None:
        """Ask it to stop: what was committed stays, and the run ends as cancelled."""
        try:
            psutil.Process(self.read_json("process")["pid"]).terminate()
        except (psutil.NoSuchProcess, KeyError):
            return

    def forget(self) -> None:
        """Remove what came out, so that the page no longer shows it."""
        if self.status().state is not State.RUNNING:
            shutil.rmtree(self.folder, ignore_errors=True)


def stretch(request: dict[str, Any]) -> tuple[datetime, datetime]:
    """The stretch of a request."""
    return datetime.fromisoformat(request["since"]), datetime.fromisoformat(request["until"])
