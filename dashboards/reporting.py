"""Reports to take away: of a file's run, and of a job's events. No Streamlit here."""

from __future__ import annotations

import csv
import io
import shlex
from datetime import datetime
from typing import Any

import rules
from runs import Request, Run

import tsanomaly
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.report import job_report, report_command
from tsanomaly.report.html import to_html
from tsanomaly.report.origin import Origin
from tsanomaly.report.words import stem
from tsanomaly.workspace import Workspace

DELIMITERS = {"\t": "tab", " ": "space", "": "none"}
"""How the command line names those that a shell would swallow."""


def of_run(run: Run, events: tsanomaly.Events, threshold: str) -> str:
    """The page of a run at some threshold, as ``tsanomaly detect --report`` writes it."""
    result, series = run.result(), events.series.name
    said, findings = run.twin.verdict, run.trial(threshold).findings
    return to_html(
        [events],
        result.diagnosis,
        twins={series: said} if said else {},
        tests={series: findings} if findings else {},
        detectors={series: result.detector},
        origin=Origin.of_file(run.folder / "source", command(run.request, threshold)),
    )


def of_job(workspace: Workspace, job: str, since: datetime, until: datetime) -> str:
    """The page of a job's events, as ``tsanomaly events report`` writes it.

    Raises:
        TsAnomalyError: its readings were not kept, or it is no job any more.
    """
    wanted = parse_job(workspace.jobs.get(job).toml, job)
    return job_report(workspace, wanted, since, until, report_command(job, since, until))


def command(request: Request, threshold: str) -> str:
    """What gives the same events on the command line. What that cannot be told is in the model, which is at hand beside
    the report."""
    name = stem(request.name)
    file = f"./{request.name}" if request.name.startswith("-") else request.name
    words = ["tsanomaly", "detect", file]
    if request.trained or request.window or request.steps:
        words += ["--model", f"{name}.safetensors"]
    words += ["--budget" if rules.kind_of(threshold) == "budget" else "--threshold", threshold]
    given = request.overrides | ({} if request.series is None else {"series": request.series})
    for option, value in given.items():
        words += _option(option.replace("_", "-"), value)
    return shlex.join([*words, "--report", f"{name}.html"])


def _option(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{'' if value else 'no-'}{name}"]
    if isinstance(value, list | tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        return [f"--{name}", line.getvalue()]
    return [f"--{name}", DELIMITERS.get(value, value) if name == "delimiter" else str(value)]
