import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from waves import stamps, waves, wide, write

import tsanomaly
from tsanomaly.detection.explanation import expected_band, explain_all

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "detect.schema.json").read_text(encoding="utf-8"))


def parsed(text):
    """Strict JSON that fits the schema."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads(text, parse_constant=refuse)
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    return content


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_json_on_stdout_fits_its_schema_and_nothing_else_is_printed(run, file, model):
    result = run("detect", file, "--model", model, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    content = parsed(result.stdout)
    assert content["series"] == "waves"
    first = content["events"][0]
    assert first["start_row"] <= 400 < first["end_row"]
    assert first["start"] <= stamps()[400] + ":00" < first["end"]
    assert (first["direction"], first["channels"][0]["name"]) == ("above", "flow")
    assert sum(channel["share"] for channel in first["channels"]) == pytest.approx(1, abs=1e-3)


def test_it_gives_the_same_events_as_python(run, file, model):
    detector = tsanomaly.load(model)
    events = detector.detect(tsanomaly.read_csv(file).one())
    content = parsed(run("detect", file, "--model", model, "--format", "json").stdout)
    for found, event in zip(content["events"], events.to_dict()["events"], strict=True):
        told = [{name: channel[name] for name in ("name", "share", "direction")} for channel in found["channels"]]
        assert {name: found[name] for name in event} | {"channels": told} == event
    assert content["threshold"] == events.to_dict()["threshold"]


def test_json_says_of_each_event_its_kind_what_was_expected_and_on_request_the_smallest_repair(run, file, model):
    detector = tsanomaly.load(model)
    events = detector.detect(tsanomaly.read_csv(file).one())
    said, band = explain_all(events, detector, repairs=1), expected_band(events)
    content = parsed(run("detect", file, "--model", model, "--format", "json", "--repairs", "1").stdout)
    assert [(event["kind"], event["sentence"]) for event in content["events"]] == [(e.kind, e.sentence) for e in said]
    first, *others = content["events"]
    assert first["repair"] == said[0].repair.to_dict()
    assert first["repair"]["score_after"] < first["repair"]["score_before"]
    assert [event["repair"] for event in others] == [None] * len(others)
    for channel in first["channels"]:
        j, at_peak = events.series.channels.index(channel["name"]), channel["at_peak"]
        assert at_peak["value"] == pytest.approx(events.series.values[first["peak_row"], j])
        assert at_peak["expected"] == pytest.approx(events.scores.expected[first["peak_row"], j])
        assert at_peak["lower"] == pytest.approx(band.lower[first["peak_row"], j])
        assert at_peak["lower"] < at_peak["expected"] < at_peak["upper"]
    leading = first["channels"][0]["at_peak"]
    assert not leading["lower"] <= leading["value"] <= leading["upper"]
    plain = parsed(run("detect", file, "--model", model, "--format", "json").stdout)
    assert [event["repair"] for event in plain["events"]] == [None] * len(said)


def test_a_reading_that_is_missing_at_the_peak_is_null(run, tmp_path, model):
    values = waves()
    values[396:405, 1] = np.nan
    path = wide(tmp_path / "holes.csv", values)
    first = parsed(run("detect", path, "--model", model, "--format", "json").stdout)["events"][0]
    assert 396 <= first["peak_row"] < 405
    at_peak = {channel["name"]: channel["at_peak"] for channel in first["channels"]}
    assert at_peak["heat"]["value"] is None
    assert at_peak["flow"]["value"] is not None


def test_without_a_model_it_learns_from_the_file(run, file):
    content = parsed(run("detect", file, "--seconds", "1", "--format", "json").stdout)
    assert content["model"]["learned_from"]["name"] == "waves"
    assert any(event["start_row"] <= 400 < event["end_row"] for event in content["events"])


def test_the_table_names_what_was_understood_the_threshold_and_the_channels(run, file, model):
    text = run("detect", file, "--model", model).stdout
    for part in ("delimiter", "step 1h", "at most 3 events a week", "720 of 720 rows", "↑ flow", "2026-01-21"):
        assert part in text, text


def test_the_table_shows_no_more_than_top_events(run, file, model):
    full = run("detect", file, "--model", model, "--threshold", "quantile=0.9", "--top", "0").stdout
    short = run("detect", file, "--model", model, "--threshold", "quantile=0.9", "--top", "1").stdout
    assert "--top 0 shows all" in short
    assert "--top 0 shows all" not in full
    assert len(short.splitlines()) < len(full.splitlines())


def test_csv_has_a_row_an_event(run, file, model):
    result = run("detect", file, "--model", model, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    content = parsed(run("detect", file, "--model", model, "--format", "json").stdout)
    assert [row["start"] for row in rows] == [event["start"] for event in content["events"]]
    assert rows[0]["series"] == "waves"


def test_output_goes_to_a_file_and_nothing_to_stdout(run, tmp_path, file, model):
    result = run("detect", file, "--model", model, "--format", "json", "--output", "events.json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "written: events.json\n")
    parsed((tmp_path / "events.json").read_text(encoding="utf-8"))
    assert [path.name for path in tmp_path.iterdir()] == ["events.json"]


def test_a_table_written_to_a_file_has_no_colours(run, tmp_path, file, model):
    run("detect", file, "--model", model, "--output", "events.txt")
    text = (tmp_path / "events.txt").read_text(encoding="utf-8")
    assert "severity" in text
    assert "\x1b" not in text


def test_an_output_that_cannot_be_written_is_one_sentence(run, file, model):
    result = run("detect", file, "--model", model, "--output", "missing/events.txt")
    sentence = "error: 'missing/events.txt' cannot be written: No such file or directory; give another path\n"
    assert (result.exit_code, result.stderr) == (5, sentence)


def test_events_change_the_exit_status_only_when_asked(run, file, quiet, model):
    assert run("detect", file, "--model", model).exit_code == 0
    assert run("detect", file, "--model", model, "--fail-on-events").exit_code == 10
    calm = ("--threshold", "mad=1000", "--fail-on-events")
    assert run("detect", quiet, "--model", model, *calm).exit_code == 0


def test_several_series_come_as_a_list_and_one_that_fails_does_not_stop_the_others(run, several):
    result = run("detect", several, "--seconds", "1", "--format", "json")
    content = parsed(result.stdout)
    north, south, short = content["series"]
    assert [north["series"], south["series"], short["series"]] == ["north", "=south", "short"]
    assert north["events"]
    assert south["events"]
    assert short["error"].startswith("series 'short' has 5 rows")
    assert result.exit_code == 3
    assert result.stderr == f"error: {short['error']}\n"


def test_one_of_several_series_can_be_named(run, several):
    content = parsed(run("detect", several, "--series", "north", "--seconds", "1", "--format", "json").stdout)
    assert content["series"] == "north"
    refused = run("detect", several, "--series", "west")
    assert refused.exit_code == 3
    assert "no series 'west'" in refused.stderr


def test_a_spreadsheet_does_not_run_a_series_name(run, several):
    text = run("detect", several, "--series", "=south", "--seconds", "1", "--format", "csv").stdout
    assert {row["series"] for row in csv.DictReader(io.StringIO(text))} == {"'=south"}


@pytest.mark.parametrize("rule", ["quantile=0.99", "mad", "extreme-value=0.001", "dynamic", "budget=1/day"])
def test_a_threshold_replaces_the_models_own(run, file, model, rule):
    own = parsed(run("detect", file, "--model", model, "--format", "json").stdout)["threshold"]
    result = run("detect", file, "--model", model, "--threshold", rule, "--format", "json")
    assert parsed(result.stdout)["threshold"]["rule"] != own["rule"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--threshold", "magic"),
            "threshold is 'magic'; expected one of budget, dynamic, extreme-value, mad, quantile",
        ),
        (("--threshold", "mad=much"), "the threshold mad=much needs a number after '=', such as quantile=0.999"),
        (("--threshold", "dynamic=2"), "the threshold dynamic takes no setting; give dynamic alone"),
        (
            ("--threshold", "mad", "--budget", "1/day"),
            "--budget and --threshold mad contradict each other; give one of them",
        ),
        (("--channels", " , "), "--channels names no column; give names separated by commas"),
        (("--seconds", "0"), "seconds is 0.0; expected a number above 0, or None for no limit"),
    ],
)
def test_a_wrong_setting_is_one_sentence(run, file, options, sentence):
    result = run("detect", file, *options)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {sentence}\n")


def test_reading_options_reach_the_reader(run, tmp_path):
    path = tmp_path / "german.csv"
    rows = [f"{hour // 24 + 1:02}.01.2026 {hour % 24:02}:00;{hour},5;{hour}°;7" for hour in range(96)]
    path.write_text("\n".join(["wann;flow;heat;more", *rows]), encoding="cp1252")
    result = run(
        "inspect",
        path,
        "--format",
        "json",
        "--delimiter",
        ";",
        "--decimal",
        ",",
        "--encoding",
        "cp1252",
        "--time-column",
        "wann",
        "--time-format",
        "%d.%m.%Y %H:%M",
        "--zone",
        "Europe/Berlin",
        "--step",
        "2h",
        "--channels",
        'flow,"heat"',
        "--header",
    )
    diagnosis = json.loads(result.stdout)
    assert diagnosis["channels"] == ["flow", "heat"]
    fields = ("delimiter", "decimal", "encoding", "time_column", "zone", "step")
    assert [diagnosis[name] for name in fields] == [";", ",", "cp1252", "wann", "Europe/Berlin", "2h"]


def test_delimiters_can_be_named(run, tmp_path):
    path = write(tmp_path / "tabs.csv", ["time", "a"], zip(stamps(48), np.arange(48), strict=True))
    path.write_text(path.read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-8")
    assert json.loads(run("inspect", path, "--delimiter", "tab", "--format", "json").stdout)["delimiter"] == "\t"


def test_names_from_a_file_cannot_drive_the_terminal_or_its_markup(run, tmp_path):
    names = ("[bold red]loud[/]", "\x1b[31mred\x1b[0m")
    path = wide(tmp_path / "hostile.csv", waves(), names)
    result = run("detect", path, "--seconds", "1", "--threshold", "quantile=0.99")
    assert result.exit_code == 0
    assert "[bold red]loud[/]" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_the_report_is_written_beside_the_table(run, tmp_path, file, model):
    result = run("detect", file, "--model", model, "--report", "out.html")
    assert result.exit_code == 0
    assert result.stderr == "written: out.html\n"
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
