import gzip
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def write(tmp_path):
    """Write a small file in the benchmark's format: a sine whose anomalies are lifted by 10."""

    def written(name, rows=400, anomalies=((300, 320),), channels=1, times=None, folder="data"):
        values = np.sin(np.arange(rows)[:, None] * 2 * np.pi / 25 + np.arange(channels))
        values += np.random.default_rng(rows).normal(scale=0.05, size=values.shape)
        labels = np.zeros(rows, int)
        for start, stop in anomalies:
            labels[start:stop] = 1
        values[labels == 1] += 10
        lead = [] if times is None else [times]
        columns = [*lead, *values.T.tolist(), labels.tolist()]
        names = [*(["timestamp"] * len(lead)), *(f"value {i}" for i in range(channels)), "Label"]
        text = "\n".join(",".join(map(str, cells)) for cells in [names, *zip(*columns, strict=True)]) + "\n"
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return written


@pytest.fixture
def tests_folder():
    return Path(__file__).parents[2]
