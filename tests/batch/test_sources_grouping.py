"""Series come together from rows in any order, through the disk where they are too many."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_samples import FRAME, as_csv, as_parquet_by_series, as_parquet_partitions, check, expected, job_of

from tsanomaly.batch.sources import grouping, open_source
from tsanomaly.batch.sources.grouping import grouped
from tsanomaly.errors import OutputError


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "", None, "ä", "Z", "10", "9"]), st.integers(0, 99)), max_size=60),
    st.integers(1, 25),
    st.integers(1, 4),
    st.booleans(),
)
def test_groups_hold_whole_series_in_their_rows_order(rows, piece, size, on_disk):
    table = pa.table({"name": pa.array([name for name, _ in rows], pa.string()), "x": [x for _, x in rows]})
    pieces = [table.slice(first, piece) for first in range(0, len(rows), piece)]
    with pytest.MonkeyPatch.context() as patch:
        if on_disk:
            patch.setattr(grouping, "IN_MEMORY", 0)
        found = list(grouped(pieces, "name", size, ordered=False))
    seen = []
    for group in found:
        names = dict.fromkeys(group.column("name").to_pylist())
        assert 1 <= len(names) <= size
        seen += names
    assert len(seen) == len(set(seen))
    everything = [row for group in found for row in zip(*group.to_pydict().values(), strict=True)]
    assert sorted(everything, key=str) == sorted(rows, key=str)
    for name in set(seen):
        assert [x for own, x in everything if own == name] == [x for own, x in rows if own == name]
    if not on_disk:
        assert seen == sorted(seen, key=lambda name: name or "")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 7), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_ordered_pieces_need_no_sorting(lengths, piece, size):
    names = [f"s{i:02d}" for i, length in enumerate(lengths) for _ in range(length)]
    table = pa.table({"name": names, "x": range(len(names))})
    pieces = [table.slice(first, piece) for first in range(0, len(names), piece)]
    found = list(grouped(iter(pieces), "name", size, ordered=True))
    assert pa.concat_tables(found).to_pydict() == table.to_pydict()
    counts = [len(set(group.column("name").to_pylist())) for group in found]
    assert counts[:-1] == [size] * (len(counts) - 1)


def test_sorted_parquet_is_read_without_holding_or_sorting_all_of_it(tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(grouping, "_through_disk", never)
    monkeypatch.setattr(grouping, "IN_MEMORY", 0)
    for kind in (as_parquet_by_series, as_parquet_partitions):
        check(open_source(job_of(kind(tmp_path), tmp_path, 'series = "sensor"')), expected(FRAME))


def test_a_full_temporary_folder_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(grouping, "IN_MEMORY", 0)
    job = job_of(as_csv(tmp_path), tmp_path, 'series = "sensor"')
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError) as raised:
        list(open_source(job).shards())
    assert str(raised.value) == (
        f"the temporary folder {tmp_path}/gone cannot hold the source while it is sorted by series: No such file or "
        "directory; set TMPDIR to one with room"
    )
