"""The bundled samples, written from their seeds: ``python -m tsanomaly.evaluation.samples data`` writes them again.

``data/README.md`` says what each holds. Numbers are rounded far above the last bit, so that another processor writes
the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from tsanomaly.evaluation.synthetic import (
    Recording,
    autoregressive,
    bump,
    clock,
    day_of_week,
    drifted,
    follow,
    frozen,
    hour_of_day,
    scaled,
    shaken,
    shifted,
    swinging,
)


def pump() -> str:
    """Six weeks of a water pump, every ten minutes: five sensors that hang together, and a bearing that wears out."""
    random = np.random.default_rng(1)
    times = clock("2026-03-02T00:00:00", 6 * 7 * 144, 10)
    n = len(times)
    demand = 0.55 + 0.35 * bump(times, 7.5, 1.8) + 0.3 * bump(times, 19, 2.2) - 0.15 * bump(times, 3, 2.0)
    demand = demand * np.where(day_of_week(times) < 5, 1.0, 0.9) + autoregressive(random, n, 0.95, 0.03)
    flow = 120 * demand + random.normal(0, 0.8, n)
    pressure = 6.2 - 1.6 * demand**2 + random.normal(0, 0.02, n)
    current = 18 + 14 * demand + random.normal(0, 0.15, n)
    outside = 9 + 5 * bump(times, 15, 4) + autoregressive(random, n, 0.998, 1.5)
    bearing = outside + 28 + follow(0.05 * 14 * demand, 0.95) + random.normal(0, 0.15, n)
    vibration = 1.6 + 0.6 * demand + random.normal(0, 0.05, n)
    recording = Recording(
        times,
        {
            "flow_m3_h": flow,
            "pressure_bar": pressure,
            "motor_current_A": current,
            "bearing_temperature_C": bearing,
            "vibration_mm_s": vibration,
        },
    )
    # cavitation: the inlet is half blocked
    recording.change(
        "2026-03-12T09:00",
        "2026-03-12T13:30",
        flow_m3_h=scaled(0.82),
        pressure_bar=shifted(-0.5),
        vibration_mm_s=shaken(random, 0.5),
    )
    # the flow meter hangs
    recording.change("2026-03-18T04:20", "2026-03-18T11:00", flow_m3_h=frozen())
    # a bearing wears for four days, until it is replaced
    recording.change(
        "2026-03-25T08:00", "2026-03-29T08:00", bearing_temperature_C=drifted(14), vibration_mm_s=drifted(1.5)
    )
    # the motor starts hard against a closed valve
    recording.change("2026-04-02T14:00", "2026-04-02T14:20", motor_current_A=shifted(12), flow_m3_h=scaled(0.3))
    # a leak behind the pump: more flow for less pressure
    recording.change("2026-04-08T22:00", "2026-04-09T06:00", flow_m3_h=scaled(1.2), pressure_bar=shifted(-0.4))
    decimals = dict(zip(recording.channels, (1, 2, 1, 1, 2), strict=True))
    return _table(recording, decimals, [str(t).replace("T", " ") for t in times], "time")


def web() -> str:
    """Eight weeks of a web service, every quarter of an hour: day and week, local time across the change of clocks."""
    random = np.random.default_rng(2)
    zone = ZoneInfo("Europe/Berlin")
    utc = clock("2026-02-22T23:00:00", 8 * 7 * 96, 15)
    stamps = [moment.astype(object).replace(tzinfo=ZoneInfo("UTC")).astimezone(zone) for moment in utc]
    local = np.array([moment.replace(tzinfo=None) for moment in stamps], "datetime64[s]")
    n = len(utc)
    weekday = np.array([1.0, 1.04, 1.05, 1.02, 0.95, 0.55, 0.6])[day_of_week(local)]
    people = 0.12 + weekday * (0.7 * bump(local, 11, 2.5) + 0.8 * bump(local, 20, 2.5) + 0.5 * bump(local, 15, 3))
    requests = 420 * people * np.exp(autoregressive(random, n, 0.8, 0.04))
    latency = 85 + 60 * people**2 + random.gamma(4, 2, n)
    errors = 0.15 + 0.1 * people + np.abs(random.normal(0, 0.05, n))
    recording = Recording(utc, {"requests_per_s": requests, "latency_ms": latency, "errors_percent": errors})
    # moments below are UTC, an hour (from 29 March two) behind the file's clock
    recording.change("2026-03-11T09:15", "2026-03-11T10:45", requests_per_s=scaled(0.08), errors_percent=shifted(35))
    recording.change("2026-03-17T13:00", "2026-03-17T19:00", latency_ms=scaled(1.7))  # a bad release, rolled back
    recording.change("2026-03-24T01:00", "2026-03-24T04:00", requests_per_s=shifted(260))  # crawlers, at night
    recording.change("2026-04-06T05:00", "2026-04-06T19:00", requests_per_s=scaled(0.55))  # Easter Monday
    recording.change("2026-04-10T17:30", "2026-04-10T18:00", errors_percent=shifted(8))
    decimals = {"requests_per_s": 1, "latency_ms": 0, "errors_percent": 2}
    return _table(recording, decimals, [moment.isoformat() for moment in stamps], "timestamp")


def machine() -> str:
    """Four weeks of a milling machine, every five minutes: two shifts on workdays, off at night and at weekends; as a
    German spreadsheet writes it."""
    random = np.random.default_rng(3)
    times = clock("2026-01-05T00:00:00", 4 * 7 * 288, 5)
    n = len(times)
    hour = hour_of_day(times)
    running = ((day_of_week(times) < 5) & (hour >= 6) & (hour < 22)).astype(np.float64)
    running[(hour >= 13.75) & (hour < 14.1)] = 0  # change of shifts
    forgotten = slice(*np.searchsorted(times, np.array(["2026-01-21T22:00", "2026-01-22T06:00"], "datetime64[s]")))
    running[forgotten] = 1
    cycle = 1.2 * np.sin(2 * np.pi * np.arange(n) / 9)
    power = 0.4 + running * (11 + cycle + random.normal(0, 0.4, n)) + random.normal(0, 0.03, n)
    spindle = 19 + follow(0.06 * 2.4 * np.maximum(power, 0), 0.94) + random.normal(0, 0.2, n)
    recording = Recording(times, {"Leistung kW": power, "Spindel °C": spindle})
    recording.labels[forgotten] = True
    recording.change("2026-01-14T09:30", "2026-01-14T12:30", **{"Spindel °C": drifted(22)})  # coolant runs out
    recording.change("2026-01-16T15:10", "2026-01-16T16:00", **{"Leistung kW": lambda power: power * 0 + 0.5})  # stop
    recording.change("2026-01-27T10:00", "2026-01-27T13:00", **{"Leistung kW": swinging(4.5, 3)})  # a blunt tool
    stamps = [moment.astype(object).strftime("%d.%m.%Y %H:%M") for moment in times]
    return _table(recording, {"Leistung kW": 2, "Spindel °C": 1}, stamps, "Zeit", delimiter=";", decimal=",")


def tank() -> str:
    """Five weeks of a tank, about every ten minutes over a bad line: gaps, repeated and swapped rows, ``n/a``."""
    random = np.random.default_rng(4)
    times = clock("2026-05-04T00:00:00", 5 * 7 * 144, 10)
    n = len(times)
    turn = (np.arange(n) % 144) / 144
    level = np.where(turn < 0.3, turn / 0.3, (1 - turn) / 0.7) * 2.6 + 1.1 + autoregressive(random, n, 0.9, 0.03)
    warmth = 14 + 4 * bump(times, 16, 4) + autoregressive(random, n, 0.99, 0.8)
    recording = Recording(times, {"level_m": level, "temperature_C": warmth})
    recording.change("2026-05-14T10:00", "2026-05-14T16:00", level_m=drifted(-1.4))  # a valve left open
    recording.change("2026-05-22T00:00", "2026-05-22T14:00", level_m=frozen())  # the float sticks
    recording.change("2026-05-29T12:30", "2026-05-29T12:50", level_m=shifted(1.8))  # a splash
    recording.change("2026-06-03T06:00", "2026-06-03T18:00", temperature_C=shifted(9))  # warm water let in
    seconds = times.astype(np.int64) + random.integers(-45, 46, n)
    lines = _lines(recording, {"level_m": 2, "temperature_C": 1}, [str(s) for s in seconds])
    for row in random.choice(n, 25, replace=False):
        lines[row] = ",".join([str(seconds[row]), "n/a", *lines[row].split(",")[2:]])
    lost = np.zeros(n, np.bool_)
    for start, end in (("2026-05-10T02:00", "2026-05-10T09:00"), ("2026-05-17T20:00", "2026-05-19T07:00")):
        lost[recording.rows(start, end)] = True
    lost[random.choice(n, 120, replace=False)] = True
    kept = [line for line, gone in zip(lines, lost, strict=True) if not gone]
    for place in random.choice(len(kept) - 1, 12, replace=False):
        kept[place], kept[place + 1] = kept[place + 1], kept[place]
    for place in sorted(random.choice(len(kept), 8, replace=False), reverse=True):
        kept.insert(place, kept[place])
    return "\n".join(["epoch,level_m,temperature_C,anomaly", *kept]) + "\n"


SAMPLES: dict[str, Callable[[], str]] = {"machine": machine, "pump": pump, "tank": tank, "web": web}
"""What writes each sample, by name."""


def write_samples(folder: Path) -> None:
    """Write every sample as ``NAME.csv``."""
    for name, sample in SAMPLES.items():
        (folder / f"{name}.csv").write_text(sample(), encoding="utf-8", newline="\n")


def _table(
    recording: Recording,
    decimals: dict[str, int],
    stamps: list[str],
    time: str,
    delimiter: str = ",",
    decimal: str = ".",
) -> str:
    header = delimiter.join([time, *recording.channels, "anomaly"])
    return "\n".join([header, *_lines(recording, decimals, stamps, delimiter, decimal)]) + "\n"


def _lines(
    recording: Recording, decimals: dict[str, int], stamps: list[str], delimiter: str = ",", decimal: str = "."
) -> list[str]:
    columns = [
        [f"{value:.{decimals[name]}f}".replace(".", decimal) for value in channel]
        for name, channel in recording.channels.items()
    ]
    labels = ["1" if label else "0" for label in recording.labels]
    return [delimiter.join(cells) for cells in zip(stamps, *columns, labels, strict=True)]


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
