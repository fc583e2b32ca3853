"""Labels and calendars from the command line: converted, put into a workspace and taken out of it again."""

import json

import pytest

ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:1
SUMMARY:=cmd <b>Backup‮</b>
DTSTART;TZID=Europe/Berlin:20260301T020000
DTEND;TZID=Europe/Berlin:20260301T040000
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def nab(tmp_path):
    path = tmp_path / "combined_windows.json"
    path.write_text('{"a/pump.csv": [["2026-01-05 10:00:00.000000", "2026-01-05 12:00:00.000000"]]}', encoding="utf-8")
    return path


def test_labels_are_written_in_another_format(run, nab):
    result = run("labels", "convert", nab, "--to", "lookout")
    assert result.stdout.splitlines() == ["2026-01-05T10:00:00.000000,2026-01-05T12:00:00.000000"]
    assert run("labels", "convert", nab, "--to", "label-studio", "-o", "studio.json").exit_code == 0
    back = run("labels", "convert", "studio.json", "--to", "nab")
    assert json.loads(back.stdout) == {"a/pump.csv": [["2026-01-05 10:00:00", "2026-01-05 12:00:00"]]}


def test_trainset_takes_the_readings_from_their_file(run, file, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("start,end\n2026-01-05T10:00:00Z,2026-01-05T12:00:00Z\n", encoding="utf-8")
    result = run("labels", "convert", labels, "--to", "trainset", "--readings", file)
    assert result.exit_code == 0, result.stderr
    marked = [line.split(",")[:2] for line in result.stdout.splitlines() if line.endswith(",true")]
    hours = ["2026-01-05T10:00:00+00:00", "2026-01-05T11:00:00+00:00"]
    assert marked == [[channel, hour] for channel in ("flow", "heat") for hour in hours]
    assert run("labels", "convert", labels, "--to", "trainset").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("labels", "convert", "gone.json", "--to", "nab"), 3, "'gone.json' cannot be read: No such file or directory"),
        (("labels", "convert", "combined_windows.json", "--to", "xml"), 2, "the format of labels is 'xml'"),
        (("labels", "convert", "combined_windows.json", "--to", "nab", "--from", "csv"), 3, "is not written as csv is"),
        (("calendars", "check", "combined_windows.json"), 3, "is no calendar"),
    ],
)
def test_what_cannot_be_used_ends_in_one_sentence(run, nab, arguments, status, sentence):
    result = run(*arguments)
    assert result.exit_code == status
    assert sentence in result.stderr.replace("\n", " ")


def test_a_calendar_goes_into_the_workspace_and_comes_out_as_it_was(run, tmp_path):
    (tmp_path / "plant.ics").write_text(ICS, encoding="utf-8")
    checked = run("calendars", "check", "plant.ics")
    assert checked.exit_code == 0
    assert "2026-03-01 01:00 UTC" in checked.stdout
    assert "FREQ=WEEKLY" in checked.stdout
    assert "\u202e" not in checked.stdout
    store = ("--workspace", str(tmp_path / "workspace.sqlite"))
    assert run("calendars", "put", "plant", "plant.ics", *store).exit_code == 0
    assert run("calendars", "put", "plant", "plant.ics", *store).exit_code == 0
    listed = run("calendars", "list", *store)
    assert listed.stdout.split() == ["calendar", "entries", "plant", "1"]
    out = run("calendars", "export", "plant", *store)
    assert "RRULE:FREQ=WEEKLY" in out.stdout
    assert "SUMMARY:=cmd <b>Backup\u202e</b>" in out.stdout
    assert run("calendars", "remove", "plant", *store).exit_code == 0
    assert run("calendars", "export", "plant", *store).exit_code == 2
