"""Real series with real faults, where they are at hand."""

from pathlib import Path

import numpy as np
import pytest

from tsanomaly.series import read_csv

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"

pytestmark = [pytest.mark.bench, pytest.mark.skipif(not BENCH.is_dir(), reason="../shared/bench is not there")]


@pytest.mark.parametrize(
    ("pattern", "step", "observed"),
    [
        ("*machine_temperature*", "5min", 0.999),
        ("*TravelTime_387*", "10min", 0.98),
        ("*speed_7578*", "5min", 0.99),
        ("*exchange-2_cpc*", "1h", 0.999),
        ("*Twitter_volume_IBM*", "5min", 1.0),
    ],
)
def test_nab_series_get_the_step_their_sensors_had_and_lose_few_rows(pattern: str, step: str, observed: float) -> None:
    (path,) = (BENCH / "timestamped").glob(pattern)
    reading = read_csv(path)
    assert reading.diagnosis.step == step
    assert reading.diagnosis.label_column == "Label"
    assert np.isfinite(reading.one().values).any(axis=1).sum() >= observed * reading.diagnosis.rows


def test_names_that_are_numbers_are_no_data() -> None:
    (path,) = (BENCH / "multivariate").glob("004_MSL*")
    series = read_csv(path).one()
    assert series.channels == tuple(map(str, range(55)))
    assert series.labels is not None
