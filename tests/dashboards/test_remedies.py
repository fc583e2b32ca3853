import io
from dataclasses import replace

import pytest
import remedies

import tsanomaly
from tsanomaly.series import Finding, Level


def reading(text):
    file = io.BytesIO(text.encode())
    file.name = "given.csv"
    return tsanomaly.read_file(file)


def offers(text, code, timezone="Europe/Berlin"):
    said = reading(text).diagnosis
    found = [finding for finding in said.findings if finding.code == code]
    assert found, [finding.code for finding in said.findings]
    return remedies.of(found[0], said, timezone)


def test_a_column_that_tells_nothing_can_be_left_out():
    text = "\n".join(["time,a,b", *(f"2026-01-01T{i:02d}:00,{i * 7 % 5},3" for i in range(24))])
    (offer,) = offers(text, "constant-column")
    assert offer == remedies.Remedy("Leave b out", {"channels": ["a"]})
    file = io.BytesIO(text.encode())
    file.name = "given.csv"
    assert tsanomaly.read_file(file, **offer.overrides).one().channels == ("a",)


def test_a_text_that_is_not_utf_8_can_be_read_otherwise_and_never_as_utf_8():
    lines = ["time;Größe", *(f"2026-01-01T{i:02d}:00;{i * 7 % 5}" for i in range(24))]
    file = io.BytesIO("\n".join(lines).encode("cp1252"))
    file.name = "given.csv"
    said = tsanomaly.read_file(file).diagnosis
    (guessed,) = [finding for finding in said.findings if finding.code == "guessed-encoding"]
    (offer,) = remedies.of(guessed, said, None)
    assert offer == remedies.Remedy("Read as cp1250", {"encoding": "cp1250"})
    assert tsanomaly.read_file(file, **offer.overrides).diagnosis.encoding == "cp1250"


def test_day_and_month_can_be_turned_around():
    text = "\n".join(["time,a", *(f"{i:02d}/{i:02d}/2026 10:00,{i * 7 % 5}" for i in range(1, 13))])
    said = reading(text).diagnosis
    ambiguous = Finding("day-or-month", Level.WARNING, "which is which?")
    for read_as, other in (("day first", "month first"), ("month first", "day first"), ("%d.%m.%Y", "%m.%d.%Y")):
        (offer,) = remedies.of(ambiguous, replace(said, time_format=read_as), None)
        assert offer == remedies.Remedy(f"Read as {other}", {"time_format": other})
    assert remedies.of(ambiguous, replace(said, time_format="epoch s"), None) == []


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "UTC", None])
def test_a_clock_that_jumps_can_be_told_its_zone(timezone):
    hours = [f"2026-10-25T{hour:02d}:{minute:02d}" for hour in (0, 1, 2, 2, 3, 4) for minute in (0, 30)]
    text = "\n".join(["time,a", *(f"{hour},{i * 7 % 5}" for i, hour in enumerate(hours))])
    said = reading(text).diagnosis
    clocks = [finding for finding in said.findings if finding.code in remedies.OF_A_CLOCK]
    for finding in clocks:
        zones = [offer.overrides["zone"] for offer in remedies.of(finding, said, timezone)]
        assert zones == list(dict.fromkeys(zone for zone in (timezone, "UTC") if zone))


def test_what_needs_nothing_offers_nothing():
    text = "\n".join(["time,a", *(f"2026-01-01T{i:02d}:00,{i * 7 % 5}" for i in range(24) if i != 5)])
    said = reading(text).diagnosis
    assert [remedies.of(finding, said, "UTC") for finding in said.findings if finding.code == "missing-rows"] in (
        [[]],
        [],
    )
