"""Encoding, delimiter, decimal sign and header are worked out and said; each can be overridden."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from uploads import csv_of, upload

from tsanomaly.series import Reading, read_csv


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.diagnosis.findings}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(delimiter: str) -> None:
    reading = read_csv(upload(f"a{delimiter}b\n1{delimiter}2\n3{delimiter}4\n"))
    assert reading.diagnosis.delimiter == delimiter
    assert reading.one().values.tolist() == [[1, 2], [3, 4]]


def test_spaces_part_columns_where_nothing_else_does() -> None:
    reading = read_csv(upload("a   b\n1   2\n3   4\n"))
    assert reading.diagnosis.delimiter == " "
    assert reading.one().values.tolist() == [[1, 2], [3, 4]]


def test_one_column_has_no_delimiter() -> None:
    reading = read_csv(upload("value\n1\n2\n"))
    assert reading.diagnosis.delimiter == ""
    assert reading.one().channels == ("value",)


def test_a_lone_column_with_decimal_commas_is_not_two_columns() -> None:
    reading = read_csv(upload("value\n1,5\n2,25\n"))
    assert reading.diagnosis.decimal == ","
    assert reading.one().values[:, 0].tolist() == [1.5, 2.25]


def test_semicolons_with_decimal_commas_and_dotted_thousands() -> None:
    reading = read_csv(csv_of("t;v", "01.02.2024;1.234,5", "02.02.2024;2.000,25", "03.02.2024;12,5"))
    assert (reading.diagnosis.delimiter, reading.diagnosis.decimal) == (";", ",")
    assert reading.one().values[:, 0].tolist() == [1234.5, 2000.25, 12.5]


def test_quoted_numbers_with_commas_between_thousands() -> None:
    reading = read_csv(csv_of("t,v", '2024-01-01,"1,234.5"', '2024-01-02,"2,000,000"', "2024-01-03,12"))
    assert reading.one().values[:, 0].tolist() == [1234.5, 2_000_000, 12]


def test_decimal_commas_that_begin_far_down_the_file_are_found() -> None:
    rows = [*(f"{i};{i}" for i in range(40_000)), *(f"{i};{i},5" for i in range(40_000))]
    reading = read_csv(csv_of("a;b", *rows))
    assert reading.diagnosis.decimal == ","
    assert reading.one().values[-1, 1] == 39_999.5


def test_three_digits_after_every_comma_are_a_warning_and_decimal_decides() -> None:
    rows = ("t;v", "01.02.2024;1,234", "02.02.2024;2,000")
    reading = read_csv(csv_of(*rows))
    assert reading.one().values[:, 0].tolist() == [1.234, 2]
    assert "decimal-or-thousands" in codes(reading)
    assert read_csv(csv_of(*rows), decimal=".").one().values[:, 0].tolist() == [1234, 2000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_umlauts_and_degrees_survive_each_encoding(encoding: str) -> None:
    text = "Zeit;Temperatur °C;Größe\n01.02.2024;1,5;3\n02.02.2024;2,5;4\n"
    reading = read_csv(upload(text.encode(encoding)))
    assert reading.one().channels == ("Temperatur °C", "Größe")
    assert ("guessed-encoding" in codes(reading)) == (encoding == "cp1252")


def test_cyrillic_is_guessed_and_can_be_told() -> None:
    text = "время;температура воздуха;давление в трубе\n" + "".join(f"{i:02d}.01.2024;{i},5;7\n" for i in range(1, 29))
    assert read_csv(upload(text.encode("cp1251")), encoding="cp1251").one().channels[0] == "температура воздуха"
    assert "guessed-encoding" in codes(read_csv(upload(text.encode("cp1251"))))


def test_a_byte_that_is_not_utf8_far_down_the_file_is_noticed() -> None:
    text = "value;note\n" + "1;fine\n" * 100_000 + "2;schön\n"
    reading = read_csv(upload(text.encode("cp1252")))
    assert reading.diagnosis.encoding == "cp1252"
    assert len(reading.one()) == 100_001


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("1,2\n3,4\n5,6\n", False),
        ("a,b\n3,4\n5,6\n", True),
        ("2024-01-01,2\n2024-01-02,4\n", False),
        ("time,1,2\n2024-01-01,7,8\n2024-01-02,7,9\n", True),
        ("0,1,2,Label\n0.5,0.25,0.125,0\n0.5,0.75,0.5,1\n", True),
        (",0,1\n0,0.5,0.7\n1,0.2,0.9\n", True),
        ("1\n2\n3\n", False),
        ("v\n2\n3\n", True),
    ],
)
def test_the_header_is_told_from_the_first_row_of_data(text: str, header: bool) -> None:
    assert read_csv(upload(text)).diagnosis.header is header


def test_without_a_header_columns_are_numbered() -> None:
    assert read_csv(upload("1,2\n3,5\n4,4\n")).one().channels == ("column 1", "column 2")


def test_header_can_be_overridden() -> None:
    reading = read_csv(upload("1,2\n3,4\n5,9\n"), header=True)
    assert reading.one().channels == ("1", "2")
    assert len(reading.one()) == 2


def test_what_stands_above_the_table_is_skipped_and_rows_keep_their_numbers() -> None:
    reading = read_csv(
        csv_of("# exported, 2024", "My plant", "", "time,v", "2024-01-01,1", "2024-01-02,n/a", "2024-01-03,3")
    )
    preamble, missing = reading.diagnosis.findings
    assert (preamble.code, preamble.rows) == ("preamble", (1, 2, 3))
    assert (missing.code, missing.rows) == ("missing-values", (6,))


def test_a_header_written_as_a_comment_is_the_header() -> None:
    reading = read_csv(csv_of("# exported, 2024", "#time,flow", "2024-01-01,1", "2024-01-02,3"))
    assert reading.diagnosis.time_column == "time"
    assert reading.one().channels == ("flow",)


def test_the_line_that_spreadsheets_write_to_name_the_delimiter_is_obeyed() -> None:
    reading = read_csv(upload("sep=;\na;b\n1;2\n3;4\n"))
    assert reading.one().channels == ("a", "b")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(newline: str) -> None:
    assert len(read_csv(upload(newline.join(["a,b", "1,2", "3,4", ""]))).one()) == 2


def test_gzip_and_zip_are_unpacked_and_the_series_is_named_after_the_file() -> None:
    text = b"v\n1\n2\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.csv", text)
    for content, name in ((gzip.compress(text), "pump 7.csv.gz"), (packed.getvalue(), "pump 7.zip")):
        series = read_csv(upload(content, name)).one()
        assert series.name == "pump 7"
        np.testing.assert_array_equal(series.values, [[1], [2]])


def test_an_upload_that_was_read_before_is_read_again() -> None:
    file = upload("v\n1\n2\n")
    assert len(read_csv(file).one()) == len(read_csv(file).one()) == 2


def test_what_the_diagnosis_says_can_be_given_back_as_arguments() -> None:
    rows = [f"{day:02d}.02.2024 12:00;{day},5;{day % 2};x" for day in range(1, 20)]
    first = read_csv(csv_of("Zeit;Wert;Label;Ort", *rows))
    said = first.diagnosis
    again = read_csv(
        csv_of("Zeit;Wert;Label;Ort", *rows),
        encoding=said.encoding,
        delimiter=said.delimiter,
        decimal=said.decimal,
        header=said.header,
        time_column=said.time_column,
        time_format=said.time_format,
        zone=said.zone,
        step=said.step,
        series_column=said.series_column,
        label_column=said.label_column,
        channels=said.channels,
    )
    np.testing.assert_array_equal(again.one().values, first.one().values)
    np.testing.assert_array_equal(again.one().times, first.one().times)
