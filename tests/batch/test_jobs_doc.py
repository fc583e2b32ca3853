"""docs/jobs.md names every key of a job file with its default, and no other."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from tsanomaly.batch import job as sections
from tsanomaly.batch.job_file import parse_job
from tsanomaly.batch.job_toml import written

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")

DOCUMENTED = {
    "At the top": sections.Job,
    "source: files": sections.FileSource,
    "source: sql": sections.SqlSource,
    "source: command": sections.CommandSource,
    "columns": sections.Columns,
    "contract": sections.Contract,
    "model": sections.Model,
    "threshold": sections.Threshold,
    "schedule": sections.Schedule,
    "range": sections.Range,
    "calendar": sections.Calendar,
    "sinks: csv and parquet": sections.FileSink,
    "sinks: sql": sections.SqlSink,
    "alerts": sections.Alerts,
    "alerts.channels": sections.Channel,
    "alerts.quiet_hours": sections.QuietHours,
    "limits": sections.Limits,
    "executor": sections.Executor,
    "history": sections.History,
}

PLAIN = ["name", "description", "folder"]


def table(heading):
    """The keys and defaults of the table below a heading."""
    [text] = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .*\|$", text, re.MULTILINE))


def default_of(field):
    """As the page writes it."""
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "–"
    return "none" if field.default == {} else f"`{written(field.default)}`"


@pytest.mark.parametrize("heading", DOCUMENTED)
def test_every_key_is_documented_with_its_default(heading):
    fields = DOCUMENTED[heading].model_fields
    named = PLAIN if heading == "At the top" else [name for name in fields if name != "kind" or ":" not in heading]
    assert table(heading) == {name: default_of(fields[name]) for name in named}


def test_every_section_is_documented():
    every = {value for value in vars(sections).values() if getattr(value, "__module__", "") == sections.__name__}
    assert {one for one in every if isinstance(one, type)} == {*DOCUMENTED.values(), sections.Section}
    headings = set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    assert headings - {"Secrets"} == set(sections.Job.model_fields) - set(PLAIN)


def test_the_default_lookback_and_lateness_are_what_the_page_says():
    job = parse_job('name = "a"\n[source]\nkind = "files"\npath = "x"')
    assert (job.range.lookback, job.range.allowed_lateness) == (timedelta(days=7), timedelta(0))
