import jobfiles
import pytest
import rules

from tsanomaly.batch.job_file import parse_job
from tsanomaly.errors import JobError

WRITTEN = """\
# the pumps of hall 3
name = "pumps"

[threshold]        # agreed with Ada
budget = "3/week"  # three is enough

[source]
kind = "files"
path = "data/*.csv"
"""


def test_a_threshold_is_changed_and_the_rest_stays_as_somebody_wrote_it():
    changed = jobfiles.with_threshold(WRITTEN, "mad=8")
    assert jobfiles.threshold_of(changed) == "mad=8"
    assert "# the pumps of hall 3" in changed
    assert "[threshold]        # agreed with Ada" in changed
    assert "budget" not in changed
    assert jobfiles.with_threshold(changed, "3/week").replace("\n\n", "\n") == WRITTEN.replace(
        "  # three is enough", ""
    ).replace("\n\n", "\n")


@pytest.mark.parametrize("text", [step for kind in rules.KINDS.values() for step in kind.steps])
def test_every_step_of_the_studio_can_be_a_jobs_threshold(text):
    assert jobfiles.threshold_of(jobfiles.with_threshold(WRITTEN, text)) == text


def test_a_section_that_is_missing_is_added():
    text = 'name = "a"\n[source]\nkind = "files"\npath = "x.csv"\n'
    job = parse_job(jobfiles.with_schedule(text, "0 6 * * *", "Europe/Berlin"))
    assert (job.schedule.cron, job.schedule.zone) == ("0 6 * * *", "Europe/Berlin")


def test_what_would_be_no_job_is_refused():
    with pytest.raises(JobError, match="cron"):
        jobfiles.with_schedule(WRITTEN, "every day", "UTC")


def test_a_job_goes_by_a_calendar_and_no_longer():
    text = jobfiles.with_calendars(WRITTEN, ["maintenance", "line 3"])
    assert parse_job(text).calendar.names == ("maintenance", "line 3")
    assert parse_job(jobfiles.with_calendars(text, ["line 3"])).calendar.names == ("line 3",)
    assert parse_job(jobfiles.with_calendars(text, [])).calendar.names == ()
