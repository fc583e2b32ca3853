"""What cannot be read is refused in one sentence: what it is, what was expected, what to do."""

import gzip
import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from uploads import csv_of, upload

from tsanomaly.errors import DataError, ReadError
from tsanomaly.series import read_csv, read_file


def zip_of(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


CASES = {
    "empty": (b"", "plant.csv is empty; a table with a header and rows was expected"),
    "blank lines": (b"\n\n  \n", "plant.csv is empty; a table with a header and rows was expected"),
    "empty gzip": (gzip.compress(b""), "plant.csv is empty; a table with a header and rows was expected"),
    "header alone": (b"time,value\n", "plant.csv has a header and no rows; there is nothing to read"),
    "one row": (b"time,value\n2024-01-01,1\n", "plant.csv has 1 row of data; a series needs at least 2"),
    "text": (
        b"name\nx\ny\n",
        "plant.csv has no column of numbers to watch among 'name'; check delimiter and decimal sign",
    ),
    "times alone": (
        b"time\n2024-01-01\n2024-01-02\n",
        "plant.csv has no column of numbers to watch among the columns left; check delimiter and decimal sign",
    ),
    "all missing": (
        b"time,value\n2024-01-01,\n2024-01-02,n/a\n",
        "plant.csv has no value in any row of 'value'; there is nothing to watch",
    ),
    "all infinite": (
        b"a,b\ninf,1e400\n-inf,1e999\n",
        "plant.csv: every number in 'a', 'b' is infinite or too large; there is nothing to watch",
    ),
    "times of the Romans": (
        b"time,value\n0044-03-15,1\n0044-03-16,2\n",
        "plant.csv: every time in column 'time' lies before 1678 or after 2261; "
        "give time_format if they are written otherwise, or time_column='' to count rows",
    ),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "plant.csv is a PNG picture, not a table; give a CSV or Parquet file"),
    "elf": (b"\x7fELF" + bytes(99), "plant.csv is a program (ELF), not a table; give a CSV or Parquet file"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "plant.csv is a PDF document, not a table; give a CSV or Parquet file"),
    "pickle": (
        pickle.dumps({"a": [1, 2]}),
        "plant.csv is a Python pickle, which is never opened; give a CSV or Parquet file",
    ),
    "web page": (
        b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>Log in</body></html>",
        "plant.csv is a web page (HTML), not a table; give a CSV or Parquet file",
    ),
    "xml": (
        b'<?xml version="1.0"?>\n<rows/>',
        "plant.csv is an XML document, not a table; give a CSV or Parquet file",
    ),
    "json": (b'{"a": [1, 2]}', "plant.csv is JSON, not a table; give a CSV or Parquet file"),
    "json rows": (b'[\n  {"a": 1}\n]', "plant.csv is JSON, not a table; give a CSV or Parquet file"),
    "utf-32": ("time,v\n1,2\n".encode("utf-32"), "plant.csv is written in UTF-32, which is not read; save it as UTF-8"),
    "noise": (
        np.random.default_rng(0).bytes(5000),
        "plant.csv is a binary file, not a table; give a CSV or Parquet file",
    ),
    "two members": (
        zip_of(a=b"v\n1\n2\n", b=b"v\n1\n2\n"),
        "plant.csv holds 2 files (a, b); expected one, so unpack it and give one",
    ),
    "no member": (zip_of(), "plant.csv holds 0 files (none); expected one, so unpack it and give one"),
    "workbook": (
        zip_of(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}),
        "plant.csv is an Excel or Word document; save the sheet as CSV",
    ),
    "torn gzip": (
        gzip.compress(b"v\n1\n2\n" * 1000)[:40],
        "plant.csv is a damaged or truncated gzip file; fetch it again",
    ),
    "torn zip": (
        zip_of(a=b"v\n1\n2\n" * 1000)[:60],
        "plant.csv is a zip file that cannot be unpacked (damaged or encrypted); unpack it yourself",
    ),
    "one endless row": (
        b"1," * 25_000_000,
        "plant.csv line 1 is longer than 131,072 characters; a table has one row on a line",
    ),
    "one endless field": (
        b"1" * 50_000_000,
        "plant.csv line 1 is longer than 131,072 characters; a table has one row on a line",
    ),
    "an endless row far down": (
        b"a,b\n" + b"1,2\n" * 100_000 + b"3," * 100_000,
        "plant.csv line 100002 is longer than 131,072 characters; a table has one row on a line",
    ),
    "a quote never closed": (
        b'a,b\n1,"2\n' + b"3,4\n" * 100_000,
        "plant.csv line 32770: a field longer than 131,072 characters; a quotation mark is probably never closed",
    ),
    "too many columns": (
        b",".join([b"1"] * 20_000) + b"\n" + b",".join([b"2"] * 20_000) + b"\n",
        "plant.csv has 20,000 columns and 10,000 is the most that is read; is the delimiter really ','?",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_refused_in_one_sentence(case: str) -> None:
    content, sentence = CASES[case]
    with pytest.raises(DataError) as error:
        read_file(upload(content))
    assert str(error.value) == sentence


def test_a_clock_asked_for_that_stands_still_is_refused() -> None:
    with pytest.raises(DataError) as error:
        read_csv(csv_of("t,v", "2024-01-01,1", "2024-01-01,2"), time_column="t")
    assert str(error.value) == "series 'plant' has only one distinct time; at least two are needed"


def test_most_rows_of_other_lengths_mean_a_wrong_delimiter() -> None:
    rows = ["1,2", "1,2,3,4", "1", "1,2,3,4,5", "1,2,3"] * 5
    with pytest.raises(ReadError) as error:
        read_csv(csv_of("a,b,c", *rows))
    assert str(error.value) == (
        "plant.csv: more than half of the rows do not have 2 fields, the commonest number; "
        "the delimiter is probably not ',', so give it"
    )


@pytest.mark.parametrize("role", ["time_column", "series_column", "label_column"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(role: str) -> None:
    with pytest.raises(ReadError, match=r"^plant.csv has no column 'x' to take as .*; its columns are 'a', 'b'$"):
        read_csv(csv_of("a,b", "1,2", "3,4"), **{role: "x"})  # type: ignore[arg-type]


def test_a_channel_that_is_not_there_or_no_number_is_named() -> None:
    with pytest.raises(ReadError, match=r"has no column 'x' to take as a channel; its columns are 'a', 'b'$"):
        read_csv(csv_of("a,b", "1,on", "3,off"), channels=["x"])
    with pytest.raises(ReadError, match=r"^plant.csv: column 'b' was asked for as a channel and holds no numbers$"):
        read_csv(csv_of("a,b", "1,on", "3,off"), channels=["a", "b"])


def test_bytes_of_another_encoding_than_asked_for_are_refused() -> None:
    with pytest.raises(ReadError) as error:
        read_csv(upload("größe\n1\n2\n".encode("cp1252")), encoding="utf-8")
    assert str(error.value) == "plant.csv is not written in utf-8; leave the encoding out or give another"


def test_paths_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    for path, sentence in (
        (tmp_path / "gone.csv", f"{tmp_path / 'gone.csv'} does not exist; check the path"),
        (tmp_path, f"{tmp_path} is a directory; give one file in it"),
    ):
        with pytest.raises(ReadError) as error:
            read_csv(path)
        assert str(error.value) == sentence


def test_a_circle_of_links_and_a_name_too_long_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    for path, reason in ((tmp_path / "a.csv", "Too many levels of symbolic links"), (Path("a" * 300), "too long")):
        with pytest.raises(ReadError, match=rf"cannot be read: .*{reason}; check the path$"):
            read_csv(path)


def test_a_name_that_is_no_text_can_still_be_printed(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "plant-") + b"\xff.csv"
    Path(os.fsdecode(path)).write_text("v\n1\n2\n")
    reading = read_csv(os.fsdecode(path))
    assert (reading.diagnosis.source, reading.one().name) == ("plant-\ufffd.csv", "plant-\ufffd")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("v\n1\n2\n")
    path.chmod(0)
    with pytest.raises(ReadError, match="may not be read by this user; change its permissions"):
        read_csv(path)


def test_a_file_open_as_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plant.csv"
    path.write_text("v\n1\n2\n")
    with path.open() as file, pytest.raises(ReadError) as error:
        read_csv(file)  # type: ignore[arg-type]
    assert str(error.value) == "plant.csv is open as text; open it in binary mode ('rb')"


def test_an_archive_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(ReadError) as error:
        read_csv(upload(zip_of(a=bytes(513 * 2**20))))
    assert str(error.value) == "plant.csv holds more than 512 MiB once unpacked; split it into smaller files"


def test_a_million_rows_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    stamps = np.datetime_as_string(np.datetime64("2020-01-01", "m") + np.arange(1_000_000))
    with path.open("w") as file:
        file.write("time,value\n")
        file.writelines(f"{stamp},{i % 977}.25\n" for i, stamp in enumerate(stamps))
    program = (
        "import resource, sys, pandas, pyarrow.compute\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak()\n"
        "from tsanomaly.series import read_csv\n"
        "series = read_csv(sys.argv[1]).one()\n"
        "print(len(series), peak() - before)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    rows, mebibytes = answer.stdout.split()
    assert rows == "1000000"
    assert float(mebibytes) < 350
