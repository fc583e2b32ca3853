import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tsanomaly import read_parquet
from tsanomaly.errors import ReadError
from tsanomaly.series import read_beginning

ROWS = 100_000


class Watched(io.BytesIO):
    """A file that counts what is read of it."""

    name = "folder/long.parquet"
    taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


def long_file(rows=ROWS):
    times = np.datetime64("2026-01-01", "ms") + np.arange(rows) * np.timedelta64(60_000, "ms")
    content = pa.table({"time": times, "flow": np.random.default_rng(1).normal(size=rows)})
    file = Watched()
    pq.write_table(content, file, row_group_size=5_000)
    file.seek(0)
    return file


@pytest.mark.parametrize("most", [2, 4_999, 5_001, 20_000])
def test_the_beginning_is_what_the_whole_begins_with(most):
    file = long_file()
    reading, rows = read_beginning(file, most)
    whole = read_parquet(file).one()
    assert rows == ROWS
    assert reading.diagnosis.source == "long.parquet"
    assert len(reading.one()) == most
    np.testing.assert_array_equal(reading.one().values, whole.values[:most])
    np.testing.assert_array_equal(reading.one().times, whole.times[:most])


def test_a_file_with_fewer_rows_is_read_whole_and_overrides_hold():
    reading, rows = read_beginning(long_file(300), 1_000, zone="Europe/Berlin")
    assert (rows, len(reading.one()), reading.one().zone) == (300, 300, "Europe/Berlin")


def test_little_more_than_the_beginning_is_read():
    file = long_file()
    size = len(file.getvalue())
    read_beginning(file, 400)
    assert file.taken < size / 4


def test_a_damaged_file_is_a_sentence():
    file = io.BytesIO(b"PAR1" + bytes(100) + b"PAR1")
    with pytest.raises(ReadError, match="upload is a damaged Parquet file; write it again"):
        read_beginning(file, 10)
