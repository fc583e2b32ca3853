import numpy as np
import pytest
from known_scorers import Known, change_from

from tsanomaly import Detector, Training
from tsanomaly.errors import CancelledError
from tsanomaly.evaluation import Standing, TwinVerdict, twin_verdict
from tsanomaly.evaluation.twin import CELLS
from tsanomaly.series import from_array


def series_of(rows, channels=2):
    values = np.random.default_rng(0).normal(size=(rows, channels)) + np.sin(np.arange(rows) / 3)[:, None]
    return from_array(values, name="plant").one()


class Distance(Known):
    """Scores by the largest distance from 0 in some channels."""

    def __init__(self, channels=slice(None), twin=None, **settings):
        super().__init__(lambda values: np.abs(values[:, channels]).max(axis=1), twin=twin, **settings)


def test_a_detector_that_sees_more_channels_than_its_twin_is_worth_it():
    verdict = twin_verdict(Distance(twin=Distance([0])), series_of(4000, 5))
    assert verdict.standing is Standing.BETTER
    assert verdict.found > verdict.twin_found
    assert verdict.p < 0.05


def test_a_detector_that_sees_less_than_its_twin_is_not():
    series = series_of(4000, 5)
    half_blind = Known(change_from(series.values, [0, 1]), twin=Known(change_from(series.values)))
    assert twin_verdict(half_blind, series).standing is Standing.WORSE


def test_a_detector_that_is_its_twin_is_no_better():
    verdict = twin_verdict(Distance(twin=Distance()), series_of(4000))
    assert (verdict.standing, verdict.p) == (Standing.EVEN, 1)
    assert verdict.found == verdict.twin_found


@pytest.mark.parametrize("channels", [1, 5, 40])
def test_its_cost_does_not_grow_with_the_series(channels):
    window, cells = 100, []
    for rows in (100_000, 200_000):
        detector = Distance(window=window, twin=Distance())
        assert twin_verdict(detector, series_of(rows, channels)).p is not None
        cells.append(detector.cells)
    # Of very many channels, the least that tells anything costs more.
    assert cells[0] == cells[1] <= max(4 * CELLS, 30 * 6 * window * channels)


def test_it_looks_at_the_latest_part_that_was_read_best():
    series = series_of(150_000, 1)
    series.values[-60_000:] = np.nan
    seen = []

    def score(values):
        seen.append(values[:, 0].copy())
        return np.abs(values[:, 0])

    assert twin_verdict(Known(score, twin=Distance()), series).p is not None
    assert np.array_equal(seen[0], series.values[90_000 - CELLS : 90_000, 0])


def test_what_cannot_be_told_is_said_with_the_reason():
    alone = twin_verdict(Distance(), series_of(4000))
    assert alone.sentence == (
        "Whether the autoencoder beats its linear twin cannot be told: this detector carries none"
    )
    short = twin_verdict(Distance(twin=Distance()), series_of(100))
    assert short.sentence.startswith(
        "Whether the autoencoder beats its linear twin cannot be told: series 'plant' has 100 rows; "
    )
    gaps = series_of(3000)
    gaps.values[::3] = np.nan
    assert twin_verdict(Distance(twin=Distance()), gaps).standing is Standing.UNKNOWN


def test_a_detector_that_sees_nothing_is_not_to_be_trusted():
    series = series_of(4000)
    verdict = twin_verdict(Known(lambda values: np.zeros(len(values)), twin=Distance()), series)
    assert verdict.sentence == (
        "The detector is not to be trusted on this series: every row scores the same; "
        "train on data that varies, or for more steps"
    )


def test_it_can_be_cancelled():
    with pytest.raises(CancelledError):
        twin_verdict(Distance(twin=Distance()), series_of(4000), on_progress=lambda step: False)


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            TwinVerdict.of(40, 32, 56, 0.01),
            "On this series the autoencoder finds 71 % of 56 injected anomalies, its linear twin 57 %: "
            "the autoencoder is worth it",
        ),
        (
            TwinVerdict.of(40, 39, 56, 0.8),
            "On this series the autoencoder is not measurably better than its linear twin: "
            "it finds 71 % of 56 injected anomalies, the twin 70 %",
        ),
        (
            TwinVerdict.of(32, 40, 56, 0.01),
            "On this series the linear twin is better than the autoencoder: "
            "it finds 71 % of 56 injected anomalies, the autoencoder 57 %",
        ),
    ],
)
def test_the_verdict_is_one_sentence(verdict, sentence):
    assert verdict.sentence == sentence


def test_a_difference_that_chance_explains_is_none():
    assert TwinVerdict.of(40, 30, 56, 0.05).standing is Standing.EVEN
    assert TwinVerdict.of(40, 30, 56, 0.049).standing is Standing.BETTER
    assert TwinVerdict.of(30, 30, 56, 0.01).standing is Standing.EVEN  # places and anomalies point apart


def test_a_real_detector_gets_a_verdict():
    series = series_of(1200, 1)
    verdict = twin_verdict(Detector(training=Training(steps=20), window=16).fit(series), series)
    assert verdict.standing in (Standing.BETTER, Standing.EVEN, Standing.WORSE)
    assert verdict.to_dict()["sentence"] == verdict.sentence
