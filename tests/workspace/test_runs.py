from datetime import UTC, datetime, timedelta, timezone

import pytest
from rivals import claim_all, race
from store_samples import LEASE, NOW, at, claimed, event, scored

from tsanomaly.errors import ConfigurationError, LostRunError, WorkspaceError
from tsanomaly.workspace import AlertDraft, Outcome


def test_a_run_is_claimed_once(workspace):
    run = claimed(workspace)
    assert (run.job, run.scheduled_at, run.owner, run.attempt, run.running) == ("pumps", at(12), "host-1", 1, True)
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW) is None
    assert workspace.runs.claim("pumps", at(13), "host-2", LEASE, NOW) is not None
    assert workspace.runs.claim("fans", at(12), "host-2", LEASE, NOW) is not None
    assert workspace.runs.get(run.id) == run


def test_a_run_that_has_ended_is_claimed_again_only_on_purpose(workspace):
    run = claimed(workspace)
    workspace.runs.finish(run, Outcome.SUCCEEDED, NOW, message="done")
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + timedelta(days=9)) is None
    again = claimed(workspace, again=True)
    assert (again.id, again.attempt, again.outcome, again.message) == (run.id, 2, None, "")
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW, again=True) is None


def test_a_lapsed_lease_is_taken_over_and_the_one_before_can_do_nothing_more(workspace):
    lost = claimed(workspace)
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + LEASE - timedelta(seconds=1)) is None
    taken = workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + LEASE)
    assert (taken.id, taken.owner, taken.attempt) == (lost.id, "host-2", 2)
    assert not workspace.runs.heartbeat(lost, NOW + LEASE, LEASE)
    with pytest.raises(LostRunError) as refused:
        workspace.runs.finish(lost, Outcome.SUCCEEDED, NOW, alerts=[AlertDraft("key", "mail")])
    assert str(refused.value) == (
        "the run of job 'pumps' scheduled at 2026-11-24 12:00:00 UTC is no longer held by host-1: it was taken over or "
        "has ended; what was committed before stays, stop here"
    )
    assert workspace.outbox.list() == []
    workspace.runs.finish(taken, Outcome.SUCCEEDED, NOW)


def test_a_heartbeat_prolongs_the_lease(workspace):
    run = claimed(workspace)
    assert workspace.runs.heartbeat(run, NOW + timedelta(minutes=4), LEASE)
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + timedelta(minutes=8)) is None
    assert workspace.runs.heartbeat(run, NOW + timedelta(minutes=8), timedelta(0))  # given back
    assert workspace.runs.claim("pumps", at(12), "host-2", LEASE, NOW + timedelta(minutes=8)) is not None


def test_a_run_whose_lease_lapsed_but_that_nobody_wanted_still_counts(workspace):
    run = claimed(workspace)
    workspace.commit(run, [scored(event(1, 2))], NOW + 10 * LEASE)
    workspace.runs.finish(run, Outcome.SUCCEEDED, NOW + 10 * LEASE)
    assert workspace.events.count() == 1


def test_runs_are_listed_the_latest_first(workspace):
    for hour in (3, 1, 2):
        workspace.runs.finish(claimed(workspace, hour), Outcome.SUCCEEDED if hour != 2 else Outcome.CRASHED, NOW)
    claimed(workspace, 4, "fans")
    hours = lambda **which: [run.scheduled_at.hour for run in workspace.runs.list(**which)]  # noqa: E731
    assert hours() == [4, 3, 2, 1]
    assert hours(job="pumps", limit=2) == [3, 2]
    assert hours(outcome=Outcome.CRASHED) == [2]
    assert hours(since=at(2)) == [4, 3, 2]
    assert hours(running=True) == [4]
    assert hours(running=False) == [3, 2, 1]


def test_pruning_forgets_old_runs_but_no_event_and_never_the_last_of_a_job(workspace):
    days = [claimed(workspace, 24 * day) for day in range(5)]
    for day, run in enumerate(days):
        workspace.commit(run, [scored(event(day, day + 0.5))], at(24 * day))
        workspace.runs.finish(run, Outcome.SUCCEEDED, at(24 * day))
    claimed(workspace, 24 * 9)  # runs, and is no reason to forget the last that ended
    assert workspace.runs.prune(timedelta(days=2), at(24 * 4)) == 2
    assert [run.id for run in workspace.runs.list(running=False)] == [run.id for run in days[:1:-1]]
    assert workspace.runs.prune(timedelta(0), at(24 * 400)) == 2
    assert [run.id for run in workspace.runs.list(running=False)] == [days[-1].id]
    assert workspace.events.count(status=None) == 5
    assert workspace.events.history(workspace.events.list(order="start", status=None)[-1].id)[0].run_id is None
    with pytest.raises(WorkspaceError, match="there is no run 1; perhaps it was pruned"):
        workspace.runs.get(days[0].id)


def test_times_come_back_in_utc_whatever_zone_they_went_in(workspace):
    berlin = timedelta(hours=1)
    due = datetime(2026, 11, 24, 13, 0, 0, 123456, tzinfo=timezone(berlin))
    run = workspace.runs.claim("pumps", due, "host-1", LEASE, due)
    assert run.scheduled_at == due
    assert run.scheduled_at.tzinfo is UTC
    assert workspace.runs.claim("pumps", due.astimezone(UTC), "host-2", LEASE, due) is None


def test_a_time_without_a_zone_is_refused(workspace):
    naive = datetime(2026, 11, 24, 13)
    with pytest.raises(ConfigurationError, match="the time 2026-11-24T13:00:00 has no zone"):
        workspace.runs.claim("pumps", naive, "host-1", LEASE, NOW)
    assert workspace.runs.list() == []


@pytest.mark.parametrize("name", ["", "n" * 201])
def test_a_job_s_name_must_fit(workspace, name):
    with pytest.raises(ConfigurationError, match="expected 1 to 200 characters"):
        workspace.runs.claim(name, at(12), "host-1", LEASE, NOW)


def test_of_several_processes_that_want_the_same_runs_each_run_is_one_s_alone(workspace, workspace_url):
    due = [at(hour) for hour in range(20)]
    claimed_by = race(claim_all, workspace_url, due, NOW)
    assert sorted(hour for hours in claimed_by for hour in hours) == due
    assert [run.attempt for run in workspace.runs.list()] == [1] * 20
