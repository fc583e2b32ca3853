import numpy as np
import pytest

from tsanomaly.report.ticks import clock_ticks


def ticks(first, last):
    ends = np.array([first, last], "M8[ms]").astype(float)
    return [(str(np.datetime64(int(at), "ms"))[:16], text) for at, text in clock_ticks(*ends)]


@pytest.mark.parametrize(
    ("ends", "first", "then", "number"),
    [
        (("2001-05", "2061-05"), ("2010-01-01T00:00", "2010"), ("2020-01-01T00:00", "2020"), 6),
        (("2022-02", "2026-02"), ("2022-07-01T00:00", "Jul 2022"), ("2023-01-01T00:00", "Jan 2023"), 8),
        (("2025-12-26", "2026-06-30"), ("2026-01-01T00:00", "Jan 2026"), ("2026-02-01T00:00", "Feb 2026"), 6),
        (("2025-12-30", "2026-01-12"), ("2025-12-30T00:00", "Dec 30\n2025"), ("2026-01-01T00:00", "Jan 1\n2026"), 7),
        (("2026-03-01", "2026-03-02"), ("2026-03-01T00:00", "00:00\nMar 1, 2026"), ("2026-03-01T03:00", "03:00"), 9),
        (
            ("2026-03-01T23:50", "2026-03-02T00:05"),
            ("2026-03-01T23:50", "23:50\nMar 1, 2026"),
            ("2026-03-01T23:52", "23:52"),
            8,
        ),
    ],
)
def test_times_are_round_and_say_their_day_or_year_where_it_changes(ends, first, then, number):
    found = ticks(*ends)
    assert found[:2] == [first, then]
    assert len(found) == number


def test_there_are_none_where_they_would_be_fractions_of_seconds():
    assert clock_ticks(0.0, 4_000.0) == []
