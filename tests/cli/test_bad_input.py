"""Whatever is given as a file, the commands end in one sentence and status 3, or in a sensible result."""

import csv
import gzip
import io
import json
import os
import random
import zipfile
from pathlib import Path

import pytest
from waves import stamps, waves

COMMANDS = {"inspect": (), "detect": ("--seconds", "0.3", "--no-twin")}


def table(rows=200, header=("time", "flow"), **cells):
    """A CSV with a wave; ``cells``: what stands in a row instead, by ``row_N``."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    for number, (time, value) in enumerate(zip(stamps(rows), waves(rows, ())[:, 0], strict=True)):
        value = cells.get(f"row_{number}", f"{value:.3f}")
        out.writerow([time, *[value] * (len(header) - 1)])
    return text.getvalue().encode()


def filled_with(value, rows=200):
    return table(rows, **{f"row_{n}": value for n in range(rows)})


def two_files():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", table())
        archive.writestr("b.csv", table())
    return packed.getvalue()


REFUSED = {
    "empty": (b"", "bad.csv is empty; a table with a header and rows was expected"),
    "header only": (b"time,flow\n", "bad.csv has a header and no rows; there is nothing to read"),
    "one row": (table(1), "bad.csv has 1 row of data; a series needs at least 2"),
    "one column of text": (
        b"name\nx\ny\nz\n",
        "bad.csv has no column of numbers to watch among 'name'; check delimiter and decimal sign",
    ),
    "ragged": (
        b"a,b,c\n" + b"1,2\n1,2,3,4\n1\n1,2,3,4,5\n1,2,3\n" * 5,
        "bad.csv: more than half of the rows do not have 2 fields, the commonest number; "
        "the delimiter is probably not ',', so give it",
    ),
    "50 MB on one line": (
        b"1," * 25_000_000,
        "bad.csv line 1 is longer than 131,072 characters; a table has one row on a line",
    ),
    "binary": (random.Random(0).randbytes(4000), "bad.csv is a binary file, not a table; give a CSV or Parquet file"),
    "picture": (
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        "bad.csv is a PNG picture, not a table; give a CSV or Parquet file",
    ),
    "web page": (
        b"<!doctype html><title>Log in</title>",
        "bad.csv is a web page (HTML), not a table; give a CSV or Parquet file",
    ),
    "zip with two files": (
        two_files(),
        "bad.csv holds 2 files (a.csv, b.csv); expected one, so unpack it and give one",
    ),
    "truncated gzip": (
        gzip.compress(table())[:300],
        "bad.csv is a damaged or truncated gzip file; fetch it again",
    ),
    "all NaN": (filled_with("nan"), "bad.csv has no value in any row of 'flow'; there is nothing to watch"),
    "all infinite": (
        filled_with("1e400"),
        "bad.csv: every number in 'flow' is infinite or too large; there is nothing to watch",
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_series_is_refused_in_one_sentence(run, tmp_path, case, command):
    content, sentence = REFUSED[case]
    (tmp_path / "bad.csv").write_bytes(content)
    result = run(command, "bad.csv", *COMMANDS[command])
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", f"error: {sentence}\n")


def circle(folder):
    (folder / "circle.csv").symlink_to("round.csv")
    (folder / "round.csv").symlink_to("circle.csv")
    return "circle.csv"


PATHS = {
    "missing": (lambda folder: "gone.csv", "gone.csv does not exist; check the path"),
    "directory": (lambda folder: folder, "{path} is a directory; give one file in it"),
    "circle of links": (circle, "circle.csv cannot be read: Too many levels of symbolic links; check the path"),
    "name too long": (lambda folder: "x" * 300, "{path} cannot be read: File name too long; check the path"),
    "no name": (lambda folder: "", ". is a directory; give one file in it"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", PATHS)
def test_a_path_without_a_file_is_refused_in_one_sentence(run, tmp_path, case, command):
    make, sentence = PATHS[case]
    path = make(tmp_path)
    result = run(command, path, *COMMANDS[command])
    expected = f"error: {sentence.format(path=path)}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", expected)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_may_not_be_read_is_refused_in_one_sentence(run, tmp_path, command):
    (tmp_path / "secret.csv").write_bytes(table())
    (tmp_path / "secret.csv").chmod(0)
    result = run(command, "secret.csv", *COMMANDS[command])
    sentence = "error: secret.csv may not be read by this user; change its permissions\n"
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", sentence)


def detected(run, path, *options):
    result = run("detect", path, *COMMANDS["detect"], "--format", "json", *options)
    assert (result.exit_code, [line for line in result.stderr.splitlines() if "written" not in line]) == (0, [])
    return json.loads(result.stdout)


def codes(content):
    return {finding["code"] for finding in content["diagnosis"]["findings"]}


def test_fewer_rows_than_are_needed_to_learn_are_refused_with_their_number(run, tmp_path):
    (tmp_path / "bad.csv").write_bytes(table(7))
    assert run("inspect", "bad.csv").exit_code == 0
    result = run("detect", "bad.csv")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: series 'bad' has 7 rows; at least 8 are needed to learn what is normal\n"


def test_fewer_rows_than_a_models_window_are_refused_with_both_numbers(run, tmp_path, model):
    rows = [f"{time},{flow},{heat}" for time, (flow, heat) in zip(stamps(20), waves(20, ()), strict=True)]
    (tmp_path / "bad.csv").write_text("\n".join(["time,flow,heat", *rows]))
    result = run("detect", "bad.csv", "--model", model)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: series 'bad' has 20 rows; this detector's window needs at least 24\n"


def test_a_series_that_never_changes_has_no_events_and_a_warning(run, tmp_path):
    (tmp_path / "bad.csv").write_bytes(filled_with("5"))
    content = detected(run, "bad.csv")
    assert content["events"] == []
    assert "constant-column" in codes(content)


def test_a_few_ragged_rows_are_repaired_with_their_numbers(run, tmp_path):
    lines = table().splitlines()
    lines[50] += b",9"
    lines[60] = lines[60].split(b",")[0]
    (tmp_path / "bad.csv").write_bytes(b"\n".join(lines))
    findings = {finding["code"]: finding["rows"] for finding in detected(run, "bad.csv")["diagnosis"]["findings"]}
    assert (findings["long-rows"], findings["short-rows"]) == ([51], [61])


def test_columns_of_one_name_are_told_apart(run, tmp_path):
    (tmp_path / "bad.csv").write_bytes(table(header=("time", "flow", "flow")))
    assert detected(run, "bad.csv")["diagnosis"]["channels"] == ["flow", "flow (2)"]


def test_times_before_1970_stay_what_they_are(run, tmp_path):
    (tmp_path / "bad.csv").write_bytes(table(row_100="99").replace(b"2026-01-", b"1926-01-"))
    content = detected(run, "bad.csv")
    assert content["events"][0]["peak_time"].startswith("1926-01-09T04:00")
    assert "before-1970" in codes(content)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400"])
def test_infinities_are_not_judged(run, tmp_path, value):
    (tmp_path / "bad.csv").write_bytes(table(row_50=value, row_51=value))
    content = detected(run, "bad.csv")
    assert "infinite" in codes(content)
    assert content["coverage"]["not_judged"] == 2
    assert not any(event["peak_row"] in (50, 51) for event in content["events"])  # one may merge across the short gap


@pytest.mark.parametrize("value", ["1e39", "1e300", "-1e308"])
def test_a_number_that_32_bits_cannot_hold_is_an_event(run, tmp_path, value):
    (tmp_path / "bad.csv").write_bytes(table(row_100=value))
    first = detected(run, "bad.csv")["events"][0]
    assert first["peak_row"] == 100
    assert 98 <= first["start_row"] <= 100 < first["end_row"] <= 103  # rows on either side may share its height


def test_markup_in_a_columns_name_is_only_a_name(run, tmp_path):
    name = "<img src=x onerror=alert(1)>"
    (tmp_path / "bad.csv").write_bytes(table(header=("time", name), row_100="99"))
    content = detected(run, "bad.csv", "--report", "out.html")
    assert content["events"][0]["channels"][0]["name"] == name
    assert "<img" not in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_read(run, tmp_path, encoding):
    (tmp_path / "bad.csv").write_bytes(table(header=("Zeit", "Größe")).decode().encode(encoding))
    assert detected(run, "bad.csv")["diagnosis"]["channels"] == ["Größe"]


@pytest.mark.parametrize("name", ["two\nlines.csv", "esc\x1b[2J.csv", os.fsdecode(b"latin-\xe9.csv")])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_files_name_takes_one_line_and_drives_no_terminal(run, tmp_path, name, command):
    Path(tmp_path / name).write_bytes(table())
    result = run(command, name, *COMMANDS[command])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0].endswith(".csv")
    assert "\x1b" not in result.stdout
    missing = run(command, f"{name}.gone")
    assert (missing.exit_code, len(missing.stderr.splitlines())) == (3, 1)
    assert "\x1b" not in missing.stderr
    assert json.loads(run(command, name, *COMMANDS[command], "--format", "json").stdout)
