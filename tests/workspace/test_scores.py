import threading
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from store_samples import NOW, at, claimed, scored

from tsanomaly.errors import ConfigurationError, WorkspaceError

ALL_DAYS = at(24 * 1000)


def table(series, hours, score, **more):
    times = pd.to_datetime([at(hour) for hour in hours], utc=True)
    return pd.DataFrame({"series": series, "time": times, "score": float(score)} | more)


@pytest.fixture
def store(workspace):
    """Write and commit scores."""
    run = claimed(workspace)

    def write(*frames):
        parts = workspace.scores.write("pumps", pd.concat(frames))
        workspace.commit(run, [scored()], NOW, parts=parts)
        return parts

    return write


def test_scores_are_seen_once_they_are_committed(workspace):
    run = claimed(workspace)
    parts = workspace.scores.write("pumps", table("north", range(5), 1))
    assert workspace.scores.read("pumps").empty
    workspace.commit(run, [scored()], NOW, parts=parts)
    assert len(workspace.scores.read("pumps")) == 5


def test_names_that_come_as_categories_are_found_by_their_series(workspace, store):
    frame = pd.concat([table(name, range(3), 1) for name in ("south", "north", "east", "west")])
    store(frame.assign(series=pd.Categorical(frame["series"])))
    for name in ("south", "north", "east", "west"):
        assert list(workspace.scores.read("pumps", name)["series"]) == [name] * 3


def test_scores_lie_by_job_and_day_and_come_back_by_series_and_time(workspace, store):
    parts = store(table("south", range(20, 30), 2), table("north", range(20, 30), 1, value=7.5))
    assert [part.path.split("/")[:3] for part in parts] == [
        ["scores", "job=pumps", "day=2026-11-24"],
        ["scores", "job=pumps", "day=2026-11-25"],
    ]
    both = workspace.scores.read("pumps")
    assert list(both["series"]) == ["north"] * 10 + ["south"] * 10
    assert str(both["time"].dtype) == "datetime64[us, UTC]"
    some = workspace.scores.read("pumps", "north", at(22), at(25), columns=["score"])
    assert list(some.columns) == ["series", "time", "score"]
    assert list(some["time"]) == [at(22), at(23), at(24)]
    assert workspace.scores.read("pumps", "west").empty
    assert workspace.scores.read("fans").empty


def test_of_rows_scored_more_than_once_the_latest_are_valid(workspace, store):
    store(table("north", range(0, 10), 1))
    store(table("north", range(8, 12), 2))
    assert list(workspace.scores.read("pumps", "north")["score"]) == [1.0] * 8 + [2.0] * 4
    store(table("north", range(0, 10), 1))  # the same file as before, and the latest now
    assert list(workspace.scores.read("pumps", "north")["score"]) == [1.0] * 10 + [2.0] * 2


def test_not_judged_is_not_zero(workspace, store):
    store(table("north", range(3), np.nan))
    assert workspace.scores.read("pumps")["score"].isna().all()


def test_files_of_different_columns_are_read_together(workspace, store):
    store(table("north", range(3), 1, value=7))
    store(table("north", range(3, 6), 2, speed=1.5))
    read = workspace.scores.read("pumps")
    assert {"value", "speed"} <= set(read.columns)
    assert read["value"].isna().sum() == 3
    assert list(workspace.scores.read("pumps", columns=["speed"])["speed"].dropna()) == [1.5] * 3


def test_times_of_any_zone_and_names_of_any_kind_are_kept(workspace, store):
    frame = table("=cmd/../\u202e" + "n" * 5000, range(3), 1)
    frame["time"] = frame["time"].dt.tz_convert("Asia/Tokyo")
    store(frame)
    read = workspace.scores.read("pumps", frame["series"][0])
    assert list(read["time"]) == [at(0), at(1), at(2)]


def test_a_job_s_name_cannot_lead_out_of_the_folder(workspace):
    for job in ("../../etc", "a/b", "..", "CON", "x" * 200, "ä"):
        [part] = workspace.scores.write(job, table("north", [0], 1))
        assert (workspace.folder / part.path).resolve().is_relative_to(workspace.folder / "scores")
    assert len({part.name for part in (workspace.folder / "scores").iterdir()}) == 6


@pytest.mark.parametrize("broken", [["score"], ["time"], ["series"]])
def test_a_missing_column_is_named(workspace, broken):
    with pytest.raises(ConfigurationError, match="scores need the columns series, time"):
        workspace.scores.write("pumps", table("north", [0], 1).drop(columns=broken))


def test_times_without_a_zone_are_refused(workspace):
    frame = table("north", [0], 1).assign(time=pd.to_datetime([datetime(2026, 11, 24)]))
    with pytest.raises(ConfigurationError, match="with its zone"):
        workspace.scores.write("pumps", frame)
    assert not (workspace.folder / "scores").exists()


def test_a_file_that_is_not_where_the_workspace_looks_is_refused(workspace):
    run = claimed(workspace)
    [part] = workspace.scores.write("pumps", table("north", [0], 1))
    (workspace.folder / part.path).unlink()
    with pytest.raises(WorkspaceError, match="machines that share a workspace must share that folder"):
        workspace.commit(run, [scored()], NOW, parts=[part])
    assert workspace.watermarks.all("pumps") == {}


def test_a_lost_and_a_damaged_file_are_named(workspace, store):
    [part] = store(table("north", range(5), 1))
    path = workspace.folder / part.path
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(WorkspaceError, match=r"the scores in '.*\.parquet' cannot be read"):
        workspace.scores.read("pumps")
    path.unlink()
    with pytest.raises(WorkspaceError, match="cannot be read"):
        workspace.scores.read("pumps")


def test_a_folder_that_cannot_be_written_is_named(workspace):
    (workspace.folder / "scores").write_text("in the way")
    with pytest.raises(WorkspaceError, match="cannot be written, beside the workspace"):
        workspace.scores.write("pumps", table("north", [0], 1))


def test_old_scores_are_pruned_and_files_that_nobody_named_are_swept(workspace, store):
    store(table("north", range(0, 72), 1))
    assert workspace.scores.prune(at(48)) == 2
    assert workspace.scores.read("pumps")["time"].min() == at(48)
    workspace.scores.write("pumps", table("north", range(5), 9))  # by a run that died
    assert workspace.scores.sweep() == 0  # it may be about to commit
    assert workspace.scores.sweep(timedelta(0)) == 1
    assert len(list((workspace.folder / "scores").rglob("*.parquet"))) == 1


def test_the_files_of_a_day_are_put_together_and_readers_see_the_same(workspace, store):
    for hour in range(24):
        store(table("north", range(hour, hour + 3), hour), table("south", range(hour, hour + 3), -hour))
    before = workspace.scores.read("pumps")
    assert workspace.scores.compact("pumps", at(20)) == 0  # the day is not over
    assert workspace.scores.compact("pumps", at(24)) == 23
    pd.testing.assert_frame_equal(workspace.scores.read("pumps"), before)
    assert workspace.scores.compact("pumps", at(24)) == 0
    assert workspace.check().strays == 0
    store(table("north", range(3), 99))
    assert list(workspace.scores.read("pumps", "north")["score"])[:3] == [99.0] * 3


def test_a_reader_sees_the_same_while_files_are_put_together(workspace, store):
    for hour in range(12):
        store(table("north", range(hour, hour + 3), hour))
    before, seen, done = workspace.scores.read("pumps"), [], threading.Event()

    def read():
        while not done.is_set():
            seen.append(workspace.scores.read("pumps"))

    reader = threading.Thread(target=read)
    reader.start()
    for hour in range(6):
        workspace.scores.compact("pumps", ALL_DAYS)
        store(table("north", range(hour, hour + 3), hour))
        store(*(table("north", range(h, h + 3), h) for h in range(12)))
    done.set()
    reader.join()
    assert seen
    for frame in seen:
        assert list(frame["time"]) == list(before["time"])
