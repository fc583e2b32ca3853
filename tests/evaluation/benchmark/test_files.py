import gzip

import numpy as np
import pandas as pd
import pytest

from tsanomaly.errors import ConfigurationError, DataError, ReadError
from tsanomaly.evaluation import sliding_window
from tsanomaly.evaluation.benchmark.files import (
    copy_without_labels,
    find_files,
    learning_rows,
    read_labels,
    read_values,
    source_of,
)


@pytest.mark.parametrize(
    ("file", "source", "rows"),
    [
        ("365_UCR_id_63_Facility_tr_50000_1st_210720.csv.gz", "UCR", 50000),
        ("ASD_omi-10_tr_8640.csv.gz", "ASD", 8640),
        ("realTweets__Twitter_volume_AAPL_tr_750.csv", "realTweets", 750),
        ("JumpStarter_Dataset2_service4_tr_5760.csv", "JumpStarter", 5760),
        ("pressure.csv", "pressure", None),
        ("004_control_7.csv", "control", None),
    ],
)
def test_a_name_tells_the_source_and_the_rows_to_learn_from(file, source, rows):
    assert source_of(file) == source
    assert learning_rows(file) == rows


@pytest.mark.parametrize("name", ["a_tr_100_1st_300.csv", "a_tr_100_1st_300.csv.gz"])
def test_values_and_labels_are_read_apart(write, name):
    path = write(name, rows=400, anomalies=((300, 320), (350, 351)), channels=3)
    material = read_values(path)
    assert material.series.labels is None
    assert material.series.values.shape == (400, 3)
    assert material.series.channels == ("value 0", "value 1", "value 2")
    assert np.array_equal(material.grid_row, np.arange(400))
    assert material.window == sliding_window(material.series.values)
    assert np.array_equal(np.flatnonzero(read_labels(path)), [*range(300, 320), 350])


def test_the_rows_to_learn_from_are_those_of_the_name_or_else_a_quarter(write):
    material = read_values(write("a.csv", rows=400))
    assert material.reference(150) == 150
    assert material.reference(None) == 100
    assert material.reference(9999) == 400
    assert material.reference(0) == 0


def test_rows_with_times_are_laid_on_a_grid_and_found_again_in_it(write):
    minutes = [*range(0, 500, 5), *range(600, 1000, 5), 995]  # 20 steps are missing, the last one comes twice
    times = [str(pd.Timestamp("2024-03-01") + pd.Timedelta(minutes=m)) for m in minutes]
    path = write("b.csv", rows=181, anomalies=((150, 160),), times=times)
    material = read_values(path)
    assert len(material) == 181
    assert len(material.series) == 200
    assert material.series.step == np.timedelta64(5, "m")
    assert np.array_equal(material.grid_row, [*range(100), *range(120, 200), 199])
    on_rows = material.series.values[material.grid_row, 0]
    as_written = pd.read_csv(path)["value 0"].to_numpy()
    assert np.array_equal(on_rows[:179], as_written[:179])
    assert on_rows[180] == pytest.approx(as_written[-2:].mean())
    assert material.reference(110) == 130


def test_a_copy_without_labels_gives_the_same_values_to_the_last_bit(write, tmp_path):
    path = write("a.csv.gz", channels=2)
    copy = tmp_path / "0.csv"
    copy_without_labels(path, copy)
    text = gzip.decompress(path.read_bytes()).decode()
    assert copy.read_text().splitlines() == [line.rpartition(",")[0] for line in text.splitlines()]
    assert np.array_equal(read_values(copy).series.values, read_values(path).series.values)


def refused(tmp_path, content, read, name="bad.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value)


def test_files_that_are_no_benchmark_files_are_refused_in_one_sentence(tmp_path):
    assert refused(tmp_path, b"a,b\n1,2\n", read_labels) == (
        "bad.csv has 'b' as its last column; expected value columns and then Label, 0 or 1"
    )
    assert refused(tmp_path, b"a,Label\n1,2\n", read_labels) == (
        "the labels of bad.csv hold values other than 0 and 1; give 1 (or True) where a point is anomalous, else 0"
    )
    assert refused(tmp_path, b"a,Label\nx,0\ny,1\n", read_values) == (
        "bad.csv has text in column 'a'; expected numbers, or times in the first column"
    )
    assert refused(tmp_path, b"a,b,Label\nx,1,0\ny,2,1\n", read_values) == (
        "bad.csv has neither numbers nor ISO 8601 times throughout its first column 'a'"
    )
    assert refused(tmp_path, b"a,Label\n", read_values) == (
        "bad.csv has no values; expected a header, value columns, and Label last"
    )
    assert refused(tmp_path, b"", read_values).startswith("bad.csv cannot be read as CSV: ")
    whole = gzip.compress(b"a,Label\n" + b"1,0\n" * 1000)
    assert refused(tmp_path, whole[:-20], read_values, "bad.csv.gz").startswith("bad.csv.gz cannot be read as CSV: ")
    assert refused(tmp_path, b"\xff\xfe\x00", read_labels).startswith("bad.csv cannot be read as CSV: ")
    with pytest.raises(ReadError, match=r"^none\.csv cannot be read as CSV: No such file or directory$"):
        read_values(tmp_path / "none.csv")


def test_files_are_found_in_folders_by_their_ending_and_each_once(write):
    first, second = write("b.csv"), write("a.csv.gz")
    (first.parent / "notes.txt").write_text("nothing")
    (first.parent / "inner").mkdir()
    assert find_files([first.parent]) == [second, first]
    assert find_files([first, first.parent, first]) == [first, second]


def test_two_files_with_one_name_are_refused_for_their_results_could_not_be_told_apart(write):
    first, second = write("a.csv"), write("a.csv", folder="more")
    with pytest.raises(ConfigurationError, match="have the same name; rename one or leave it out"):
        find_files([first, second])


def test_a_place_without_files_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError) as caught:
            find_files([place])
        assert str(caught.value) == f"'{place}' is no file, nor a folder with files ending in .csv or .csv.gz in it"
