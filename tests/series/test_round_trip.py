"""Whatever the dialect, the numbers and times that were written are read back."""

import gzip
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from uploads import upload

from tsanomaly.series import read_csv

TIME_FORMATS = {
    "%Y-%m-%d %H:%M:%S": "ISO 8601",
    "%Y-%m-%dT%H:%M:%S+00:00": "ISO 8601",
    "%Y/%m/%d %H:%M:%S": "ISO 8601",
    "%d.%m.%Y %H:%M:%S": "day first",
    "%m/%d/%Y %I:%M:%S %p": "month first",
    "%d-%b-%Y %H:%M:%S": "month by name",
    "%Y%m%dT%H%M%S": "compact",
}
STEPS = [timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)]
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 6))


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, str]:
    decimal = draw(st.sampled_from(".,"))
    return {
        "decimal": decimal,
        "delimiter": draw(st.sampled_from(";\t|" if decimal == "," else ",;\t|")),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])),
        "time": draw(st.sampled_from(list(TIME_FORMATS))),
        "newline": draw(st.sampled_from(["\n", "\r\n"])),
    }


@settings(max_examples=150, deadline=None)
@given(dialects(), st.data())
def test_numbers_and_times_come_back_from_every_dialect(dialect: dict[str, str], data: st.DataObject) -> None:
    channels = data.draw(st.integers(1, 4))
    rows = data.draw(st.integers(40, 60))
    row = st.lists(NUMBERS, min_size=channels, max_size=channels)
    values = np.array(data.draw(st.lists(row, min_size=rows, max_size=rows)))
    step = data.draw(st.sampled_from(STEPS))
    times = pd.date_range("2021-03-11 00:00:00", periods=rows, freq=step, unit="ns")
    frame = pd.DataFrame(values, columns=[f"größe {i}" for i in range(channels)])
    frame.insert(0, "zeit", times.strftime(dialect["time"]))
    text = frame.to_csv(index=False, sep=dialect["delimiter"], decimal=dialect["decimal"])
    content = text.replace("\r\n", "\n").replace("\n", dialect["newline"]).encode(dialect["encoding"])
    packed = gzip.compress(content) if data.draw(st.booleans()) else content

    reading = read_csv(upload(packed))

    series = reading.one()
    np.testing.assert_array_equal(series.values, values)
    assert series.channels == tuple(f"größe {i}" for i in range(channels))
    if not (reading.diagnosis.time_format == "day first" and dialect["time"].startswith("%m")):
        np.testing.assert_array_equal(series.times, times.to_numpy())
        assert series.step == np.timedelta64(step)
    assert reading.diagnosis.delimiter == dialect["delimiter"]
    assert reading.diagnosis.header is True


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBERS, min_size=2, max_size=50), st.booleans())
def test_a_lone_column_of_numbers_comes_back_with_or_without_a_header(numbers: list[float], header: bool) -> None:
    text = ("value\n" if header else "") + "".join(f"{number!r}\n" for number in numbers)
    series = read_csv(upload(text)).one()
    np.testing.assert_array_equal(series.values[:, 0], numbers)
    assert not series.has_clock
