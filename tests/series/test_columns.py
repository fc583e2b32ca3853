"""Cells become numbers, columns get a part, and what is mended or left out is said."""

import numpy as np
import pytest
from uploads import csv_of

from tsanomaly.errors import ReadError
from tsanomaly.series import Finding, Level, Reading, read_csv

DAYS = [f"2024-01-{day:02d}" for day in range(1, 29)]


def finding(reading: Reading, code: str) -> Finding:
    return next(finding for finding in reading.diagnosis.findings if finding.code == code)


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.diagnosis.findings}


def read(*cells: str, header: str = "t,v") -> Reading:
    return read_csv(csv_of(header, *(f"{day},{cell}" for day, cell in zip(DAYS, cells, strict=False))))


@pytest.mark.parametrize("word", ["", "n/a", "NA", "null", "None", "-", "Bad", "#N/A", "NaN", " ", "nan"])
def test_words_for_missing_are_missing(word: str) -> None:
    reading = read("1", word, "3")
    np.testing.assert_array_equal(reading.one().values[:, 0], [1, np.nan, 3])
    assert finding(reading, "missing-values").rows == (3,)
    assert "text-cells" not in codes(reading)


def test_other_text_among_numbers_is_missing_and_shown() -> None:
    reading = read("1", "see note", "3", "4")
    np.testing.assert_array_equal(reading.one().values[:, 0], [1, np.nan, 3, 4])
    text = finding(reading, "text-cells")
    assert text.message == "'v' holds text in 1 row: 'see note'"
    assert (text.rows, text.column, text.level) == ((3,), "v", Level.REPAIRED)


@pytest.mark.parametrize("word", ["inf", "-Infinity", "1e400", "-1e400"])
def test_infinities_and_numbers_too_large_are_missing(word: str) -> None:
    reading = read("1", word, "3")
    np.testing.assert_array_equal(reading.one().values[:, 0], [1, np.nan, 3])
    assert finding(reading, "infinite").rows == (3,)


@pytest.mark.parametrize(
    ("cell", "number"), [("+1.5", 1.5), (".5", 0.5), ("1.", 1), ("1E3", 1000), ("−2", -2), (" 7 ", 7), ("1e-400", 0)]
)
def test_every_way_to_write_a_number_is_read(cell: str, number: float) -> None:
    assert read("4", cell, "n/a").one().values[1, 0] == number


@pytest.mark.parametrize("cell", ["0x10", "1_000", "1e", "٣", "12:30", "1.2.3"])
def test_what_only_resembles_a_number_is_text(cell: str) -> None:
    reading = read("4", cell, "5", "6")
    assert finding(reading, "text-cells").rows == (3,)


def test_a_unit_behind_every_number_is_cut_off_and_said() -> None:
    reading = read("1.5 °C", "2.5 °C", "n/a", "-3 °C")
    np.testing.assert_array_equal(reading.one().values[:, 0], [1.5, 2.5, np.nan, -3])
    assert finding(reading, "unit").message == "every number of 'v' is followed by '°C'"


def test_different_units_are_not_mixed() -> None:
    with pytest.raises(ReadError, match="no column of numbers"):
        read("1.5 °C", "2.5 °F", "3 °C")


def test_empty_columns_and_columns_of_text_are_left_out() -> None:
    reading = read("1,,on", "2,,off", "5,,on", header="t,v,void,state")
    assert reading.one().channels == ("v",)
    assert finding(reading, "empty-column").column == "void"
    assert finding(reading, "no-numbers").message == "'state' holds no numbers ('on', 'off')"


def test_a_column_with_more_words_than_numbers_is_no_channel() -> None:
    reading = read("1,7", "2,pump A", "5,pump B", "6,9", "7,pump C", header="t,v,machine seen")
    assert reading.one().channels == ("v",)


def test_constant_channels_are_kept_with_one_warning() -> None:
    reading = read("1,7,8", "2,7,8", "5,7,8", header="t,v,a,b")
    assert reading.one().channels == ("v", "a", "b")
    constant = finding(reading, "constant-column")
    assert constant.message == "'a', 'b' are constant"
    assert constant.level is Level.WARNING


def test_data_without_any_change_are_a_result_and_no_error() -> None:
    reading = read("7", "7", "7")
    assert reading.one().values[:, 0].tolist() == [7, 7, 7]
    assert reading.diagnosis.worst() is Level.WARNING


def test_repeated_names_are_numbered() -> None:
    reading = read("1,2,3", "2,3,5", header="t,a,a,a (2)")
    assert len(set(reading.one().channels)) == 3
    assert reading.one().channels[0] == "a"
    assert "repeated-names" in codes(reading)


def test_a_name_of_html_is_kept_as_it_is() -> None:
    assert read("1", "2", header="t,<b onclick=x>v</b>").one().channels == ("<b onclick=x>v</b>",)


@pytest.mark.parametrize("name", ["Label", "is_anomaly", "anomaly", "Normal/Attack", "ground truth"])
@pytest.mark.parametrize("words", ["01", ("False", "True"), ("Normal", "Attack")])
def test_a_label_column_is_known_by_name_and_content(name: str, words: tuple[str, str]) -> None:
    reading = read(f"1,{words[0]}", f"2,{words[1]}", f"3,{words[0]}", header=f"t,v,{name}")
    series = reading.one()
    assert series.channels == ("v",)
    assert series.labels is not None
    assert series.labels.tolist() == [False, True, False]
    assert reading.diagnosis.label_column == name


def test_zeros_and_ones_under_another_name_are_a_channel() -> None:
    assert read("1,0", "2,1", header="t,v,valve").one().channels == ("v", "valve")


def test_a_label_column_with_other_values_is_a_channel_with_a_warning() -> None:
    reading = read("1,0", "2,3", header="t,v,label")
    assert reading.one().labels is None
    assert "odd-labels" in codes(reading)


def test_a_label_column_can_be_named_or_denied() -> None:
    assert read_csv(csv_of("v,valve", "1,0", "2,1"), label_column="valve").one().labels is not None
    assert read_csv(csv_of("v,label", "1,0", "2,1"), label_column="").one().labels is None
    with pytest.raises(ReadError, match="cannot be the label column"):
        read_csv(csv_of("v,valve", "1,0", "2,7"), label_column="valve")


def test_channels_can_be_chosen_and_a_dead_one_is_kept() -> None:
    """A model asks for its channels by name: one that fell silent must not vanish."""
    file = csv_of("t,a,b,c", "2024-01-01,1,,3", "2024-01-02,2,,4")
    series = read_csv(file, channels=["b", "a"]).one()
    assert series.channels == ("b", "a")
    np.testing.assert_array_equal(series.values, [[np.nan, 1], [np.nan, 2]])


def test_rows_that_lack_fields_are_filled_with_gaps_and_longer_ones_cut() -> None:
    rows = [f"{i},{i},{i}" for i in range(10)]
    rows[3], rows[5] = "3,3", "5,5,5,5"
    reading = read_csv(csv_of("a,b,c", *rows))
    assert reading.one().values[3].tolist()[:2] == [3, 3]
    assert np.isnan(reading.one().values[3, 2])
    assert finding(reading, "short-rows").rows == (5,)
    assert finding(reading, "long-rows").rows == (7,)


def test_rows_that_end_in_a_delimiter_are_not_longer() -> None:
    reading = read_csv(csv_of("a,b", "1,2,", "3,4,", "5,7,"))
    assert reading.one().channels == ("a", "b")
    assert reading.diagnosis.findings == ()


def test_blank_rows_are_skipped_and_later_rows_keep_their_numbers() -> None:
    reading = read_csv(csv_of("t,v", "2024-01-01,1", "", "2024-01-02,x", "2024-01-03,3"))
    assert finding(reading, "blank-rows").rows == (3,)
    assert finding(reading, "text-cells").rows == (4,)


def test_a_header_shorter_than_its_rows_is_a_warning() -> None:
    reading = read_csv(csv_of("timestamp,value", "2024-01-01,1,5", "2024-01-02,2,5"))
    assert finding(reading, "short-header").level is Level.WARNING
