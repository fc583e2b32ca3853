"""Small series with a known spike, and the CSV files that hold them."""

import csv

import numpy as np


def waves(rows=720, spikes=(400,), seed=0):
    """``(rows, 2)`` a daily wave every hour and a slower one, with spikes in the first."""
    random = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(rows) / 24
    values = np.column_stack([np.sin(turn), 5 + np.cos(turn)]) + random.normal(0, 0.05, (rows, 2))
    values[list(spikes), 0] += 8
    return values


def stamps(rows=720):
    return (np.datetime64("2026-01-05T00:00") + np.arange(rows) * np.timedelta64(1, "h")).astype(str)


def write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def wide(path, values, names=("flow", "heat"), labels=None):
    """A wide CSV, with a label column where labels are given."""
    header = ["time", *names] + ([] if labels is None else ["label"])
    extra = [[]] * len(values) if labels is None else [[int(label)] for label in labels]
    cells = zip(stamps(len(values)), values.tolist(), extra, strict=True)
    return write(path, header, [[time, *numbers, *label] for time, numbers, label in cells])
