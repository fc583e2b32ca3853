"""Processes that want the same thing at the same time. They come from a fork server, which imports once."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pandas as pd
from store_samples import at, event, like, scored

from tsanomaly.detection.verdicts import Judgement
from tsanomaly.errors import ConflictError, WorkspaceError
from tsanomaly.workspace import AlertDraft, Outcome, Workspace

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["tsanomaly.workspace"])


def race(work, *arguments, rivals=4):
    """Let processes start ``work(place, *arguments)`` together; what each returned, in the order of places."""
    barrier, answers = CONTEXT.Barrier(rivals), CONTEXT.SimpleQueue()
    processes = [
        CONTEXT.Process(target=_run, args=(barrier, answers, place, work, arguments)) for place in range(rivals)
    ]
    for process in processes:
        process.start()
    found = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    return [found[place] for place in range(rivals)]


def _run(barrier, answers, place, work, arguments):
    barrier.wait()
    try:
        answers.put((place, work(place, *arguments)))
    except BaseException as error:
        answers.put((place, repr(error)))
        raise


def claim_all(place, url, due, now):
    """Claim and end every due run that can be had; which those were."""
    mine = []
    with Workspace.open(url) as workspace:
        for hour in due:
            run = workspace.runs.claim("pumps", hour, f"process {place}", timedelta(minutes=5), now)
            if run is not None:
                workspace.runs.finish(run, Outcome.FOUND_NOTHING, now)
                mine.append(hour)
    return mine


def judge(place, url, event_id, times):
    """Give so many verdicts, each again and again until nobody came between; how often somebody did."""
    given = conflicts = 0
    with Workspace.open(url) as workspace:
        while given < times:
            seen = workspace.events.get(event_id).verdict_version
            try:
                workspace.verdicts.give(
                    event_id, Judgement.UNCLEAR, author=f"analyst {place}", seen_version=seen, note=str(given)
                )
                given += 1
            except ConflictError:
                conflicts += 1
    return conflicts


def judge_while_running(place, url, event_ids, now):
    """The first runs and stores the same events, ever otherwise; in the others two analysts each judge and take back.

    Returns:
        What analysts did: event, who, ``gave`` or ``undid``, note.
    """
    with Workspace.open(url) as workspace:
        if place > 0:
            with ThreadPoolExecutor(2) as threads:
                names = [f"analyst {place}.{n}" for n in range(2)]
                done = threads.map(lambda name: [*_judgements(workspace, name, event_ids)], names)
                return [act for acts in done for act in acts]
        dice, run = random.Random(1), workspace.runs.claim("pumps", at(50), "runner", timedelta(minutes=5), now)
        for _ in range(60):
            seen = [n for n in range(len(event_ids)) if dice.random() < 0.8]  # the others are withdrawn, and come back
            found = [like(2 * n + 1, score=dice.choice((3.5, 4.0, 9.0))) for n in seen]
            workspace.commit(run, [scored(*found, until=20)], now)
        return []


def _judgements(workspace, author, event_ids):
    """Twelve verdicts given or undone, each tried until nobody came between."""
    dice, turn = random.Random(author), 0
    while turn < 12:
        seen = workspace.events.get(dice.choice(event_ids))
        try:
            if seen.verdict is not None and dice.random() < 0.4:
                workspace.verdicts.undo(seen.id, author=author, seen_version=seen.verdict_version)
                yield seen.id, author, "undid", ""
            else:
                what = dice.choice((Judgement.FALSE_ALARM, Judgement.TRUE, Judgement.UNCLEAR))
                workspace.verdicts.give(
                    seen.id, what, author=author, seen_version=seen.verdict_version, note=f"turn {turn}"
                )
                yield seen.id, author, "gave", f"turn {turn}"
            turn += 1
        except ConflictError:
            pass


def write_notes(place, url, event_ids, before):
    """The first forgets old events, the others write a note on each; which events have one of theirs."""
    noted, refused = [], []
    with Workspace.open(url) as workspace:
        for event_id in event_ids:
            if place == 0:
                workspace.events.prune("pumps", before)
                continue
            try:
                workspace.notes.add("seen", author=f"analyst {place}", event_id=event_id)
                noted.append(event_id)
            except WorkspaceError as error:
                refused.append(str(error))
    assert all("there is no event" in sentence for sentence in refused), refused
    return noted


def put_job(place, url):
    """Open a workspace that is not there yet, and store something in it."""
    with Workspace.open(url) as workspace:
        workspace.jobs.put(f"job {place}", "")


def take_messages(place, url, now):
    """Take and send what is in the outbox, a message at a time; the keys of those sent."""
    keys = []
    with Workspace.open(url) as workspace:
        while taken := workspace.outbox.take(now, timedelta(minutes=5), limit=1):
            workspace.outbox.sent(taken[0].id, now)
            keys.append(taken[0].key)
    return keys


def commit_overlapping(place, url, truth, now):
    """Score one series in a run of one's own, in stretches that overlap; events are found where they are."""
    with Workspace.open(url) as workspace:
        run = workspace.runs.claim("pumps", at(100 + place), f"process {place}", timedelta(minutes=5), now)
        for since in range(12):
            found = [event(max(a, since), min(b, since + 4)) for a, b in truth if a < since + 4 and b > since]
            workspace.commit(run, [scored(*found, since=since, until=since + 4)], now)


def score_in_shards(place, url, folder, days, now):
    """A whole run: scores and events of three series, a commit for each day; whoever had it before is dead."""
    os.environ["TSANOMALY_DATA"] = str(folder)  # the fork server has that of the test that started it
    with Workspace.open(url) as workspace:
        run = workspace.runs.claim("pumps", at(0), f"process {place}", timedelta(0), now)
        for day in range(days):
            results = [
                scored(
                    event(24 * day + 1, 24 * day + 3, 10.0 * number),
                    event(24 * day + 23, 24 * day + 25),
                    series=f"series {number}",
                    since=24 * day - 2,
                    until=24 * day + 26,
                    alerts=[AlertDraft(f"{number}/{day}", "mail")],
                )
                for number in range(3)
            ]
            times = [at(24 * day + hour) for hour in range(24)] * 3
            names = [result.series for result in results for _ in range(24)]
            scores = pd.DataFrame({"series": names, "time": pd.to_datetime(times, utc=True), "score": float(day)})
            workspace.commit(run, results, now, parts=workspace.scores.write("pumps", scores))
        workspace.runs.finish(run, Outcome.SUCCEEDED, now)
