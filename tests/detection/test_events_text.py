"""What events say in files holds in every reader, whatever channels are called."""

import io

import numpy as np
import pandas as pd

from tsanomaly import Detector, Training, from_array
from tsanomaly.series import Series


def test_a_name_with_a_lone_carriage_return_or_a_formula_is_one_cell_of_text():
    values = np.sin(2 * np.pi * np.arange(600)[:, None] / 24 + np.arange(2))
    values[300:303] += 5
    read = from_array(values).one()
    series = Series(read.times, read.values, ("=cmd|'/C calc'!A0", "a\rb"), name="s")
    events = Detector(training=Training(steps=20, check_every=10), twin=False).fit(series).detect(series)
    assert len(events)
    table = pd.read_csv(io.StringIO(events.to_csv()))
    assert len(table) == len(events)
    assert "a b" in table["channels"][0]
    assert not table["channels"].str.startswith("=").any()
