from datetime import UTC, datetime, timedelta

import numpy as np

from tsanomaly.report.lanes import LANES, Mark, lanes_of, swim_lanes

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


def mark(key, lane="a", hours=0.0, severity=20.0):
    start = BEGIN + timedelta(hours=hours)
    return Mark(key, lane, start, start + timedelta(hours=1), severity, f"said of {key}")


def test_each_event_is_a_mark_at_its_start_on_the_zones_clock():
    figure = swim_lanes([mark("x"), mark("y", "b", 5)], BEGIN, BEGIN + timedelta(days=1), "Europe/Berlin")
    bars, marks = figure.data
    clock = dict(zip(marks.customdata, np.asarray(marks.x, "M8[ms]").astype(str), strict=True))
    assert clock == {"x": "2026-03-01T01:00:00.000", "y": "2026-03-01T06:00:00.000"}
    lasting = np.asarray(bars.x[:2], "M8[ms]").astype(str).tolist()
    assert lasting == ["2026-03-01T01:00:00.000", "2026-03-01T02:00:00.000"]


def test_the_lane_with_the_most_severe_event_is_first_and_too_many_are_cut():
    marks = [mark(str(i), f"lane {i:02d}", severity=i) for i in range(LANES + 5)]
    lanes = lanes_of(marks)
    assert lanes[0] == f"lane {LANES + 4:02d}"
    assert len(lanes) == LANES
    drawn = swim_lanes(marks, BEGIN, BEGIN + timedelta(days=1), "UTC").data[1]
    assert set(drawn.customdata) == {str(i) for i in range(5, LANES + 5)}


def test_the_more_severe_the_larger_and_above_the_others():
    marks = swim_lanes([mark("slight", severity=5), mark("severe", hours=1, severity=60)], BEGIN, BEGIN, "UTC").data[1]
    assert list(marks.customdata) == ["slight", "severe"]
    assert marks.marker.size[0] < marks.marker.size[1]


def test_names_that_are_markup_stay_text():
    figure = swim_lanes([Mark("k", HOSTILE, BEGIN, BEGIN, 1, HOSTILE)], BEGIN, BEGIN, "UTC")
    text = str(figure.to_dict())
    assert "<img" not in text
    assert "\u202e" not in text
