"""The diagnosis says in plain lines what was understood and found."""

import json

from uploads import csv_of

from tsanomaly.series import Diagnosis, Finding, Level, read_csv


def test_the_lines_say_how_a_file_was_understood_and_what_was_found() -> None:
    reading = read_csv(csv_of("Zeit;Wert;Ort;Label", "31.01.2024;1,5;A;0", "01.02.2024;n/a;B;1", "03.02.2024;2,5;A;0"))
    assert reading.diagnosis.lines() == [
        "plant.csv",
        "delimiter ; · decimal comma · encoding utf-8 · header in the first row",
        "time column Zeit · written as day first · no zone, taken as UTC · step 1D",
        "wide layout · 1 channel: Wert · labels in Label",
        "3 rows read; series: plant (4 steps)",
        "note: 'Wert' has no value in 1 row (row 3); left as gaps",
        "repaired: 'Ort' holds no numbers ('A', 'B'); left out",
        "note: 1 step without a row in 1 gap, the longest 1D after row 3 (row 3); left as gaps",
    ]


def test_a_finding_shows_ten_rows_and_counts_them_all() -> None:
    rows = [f"{i},{'n/a' if i % 2 else i}" for i in range(50)]
    (finding,) = read_csv(csv_of("a,b", *rows)).diagnosis.findings
    assert finding.count == 25
    assert finding.rows == (3, 5, 7, 9, 11, 13, 15, 17, 19, 21)
    assert finding.line() == (
        "note: 'b' has no value in 25 rows (rows 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, …); left as gaps"
    )


def test_the_diagnosis_becomes_json_and_names_its_worst_finding() -> None:
    diagnosis = read_csv(csv_of("t,v", "2024-01-01,7", "2024-01-03,7", "2024-01-02,7")).diagnosis
    assert json.loads(json.dumps(diagnosis.to_dict()))["findings"][0]["code"] == "constant-column"
    assert diagnosis.worst() is Level.WARNING
    assert Diagnosis("x", 2).worst() is None
    assert Diagnosis("x", 2, findings=(Finding("a", Level.NOTE, "m"),)).worst() is Level.NOTE
