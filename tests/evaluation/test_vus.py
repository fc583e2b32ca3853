import math

import naive_vus
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsanomaly.errors import ConfigurationError, DataError
from tsanomaly.evaluation.vus import sliding_window, vus


def labels_with(n, *segments):
    labels = np.zeros(n, dtype=int)
    for start, stop in segments:
        labels[start:stop] = 1
    return labels


CASES = {
    "one segment inside": labels_with(60, (20, 27)),
    "single points": labels_with(60, (5, 6), (30, 31), (44, 45)),
    "segments whose buffers meet": labels_with(60, (20, 24), (30, 33), (37, 38)),
    "segments one point apart": labels_with(60, (20, 23), (24, 26), (27, 28)),
    "segments at both edges": labels_with(60, (0, 4), (55, 60)),
    "a segment near the edge": labels_with(60, (2, 5), (57, 59)),
    "every other point": np.arange(60) % 2,
    "all but one": labels_with(60, (0, 30), (31, 60)),
    "one labelled point of two": np.array([0, 1]),
}


@pytest.mark.parametrize("labels", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("window", [0, 1, 2, 7, 12, 70])
@pytest.mark.parametrize("ties", [None, 4, 1], ids=["distinct", "four values", "constant"])
def test_the_fast_form_equals_the_definition(labels, window, ties, rng):
    scores = rng.normal(size=len(labels)) if ties is None else rng.integers(ties, size=len(labels)).astype(float)
    assert vus(labels, scores, window, 25) == pytest.approx(
        naive_vus.vus(labels.tolist(), scores.tolist(), window, 25), abs=1e-12
    )


def test_the_fast_form_equals_the_definition_with_more_points_than_thresholds(rng):
    labels = labels_with(700, (100, 140), (150, 152), (400, 401), (690, 700))
    scores = rng.normal(size=700) + labels
    assert vus(labels, scores, 21) == pytest.approx(naive_vus.vus(labels.tolist(), scores.tolist(), 21), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40),
    window=st.integers(0, 15),
    thresholds=st.integers(2, 50),
)
def test_the_fast_form_equals_the_definition_on_any_series(points, window, thresholds):
    labels, scores = [int(label) for label, _ in points], [float(score) for _, score in points]
    if len(set(labels)) == 2:
        assert vus(labels, scores, window, thresholds) == pytest.approx(
            naive_vus.vus(labels, scores, window, thresholds), abs=1e-12
        )


def test_a_case_worked_by_hand():
    # Scores descend 4 3 2 1 at rows 1 2 3 0; thresholds at each. The only labelled row is 2; window 2.
    # Buffers 0 and 1 (no softening): P=1. TPR 0 1 1 1, precision 0 1/2 1/3 1/4, FPR 1/3 1/3 2/3 1.
    #   PR = 1 * 1/2.  ROC = 2/3 * 1: from FPR 1/3 on, TPR is 1; up to FPR 1/3, it is 0.
    # Buffer 2: rows 1 and 3 count r = sqrt(1/2). Rows flagged in turn: 1, 2, 3, 0; one segment, found at once.
    r = math.sqrt(0.5)
    tp = [r, 1 + r, 1 + 2 * r, 1 + 2 * r]
    positives = [1 + r / 2, 1 + r / 2, 1 + r, 1 + r]
    tpr = [min(t / p, 1) for t, p in zip(tp, positives, strict=True)]
    fpr = [(k + 1 - t) / (4 - p) for k, (t, p) in enumerate(zip(tp, positives, strict=True))]
    pr = tpr[0] * r + (tpr[1] - tpr[0]) * (1 + r) / 2 + (tpr[2] - tpr[1]) * (1 + 2 * r) / 3
    roc = fpr[0] * tpr[0] / 2 + (fpr[1] - fpr[0]) * (tpr[0] + tpr[1]) / 2 + (1 - fpr[1])
    expected = ((2 / 3 + 2 / 3 + roc) / 3, (1 / 2 + 1 / 2 + pr) / 3)
    assert vus([0, 0, 1, 0], [1, 4, 3, 2], 2, 4) == pytest.approx(expected, abs=1e-15)


def test_scores_that_are_the_soft_labels_give_one():
    labels = labels_with(2000, (500, 600))
    assert vus(labels, labels.astype(float), 0)[1] == pytest.approx(1.0, abs=1e-12)
    assert vus(labels, labels.astype(float), 0)[0] == pytest.approx(1.0, abs=1e-12)


def test_random_scores_come_near_the_base_rate(rng):
    labels = labels_with(20_000, *((s, s + 100) for s in range(500, 20_000, 1000)))
    roc, pr = vus(labels, rng.random(20_000), 0)
    assert roc == pytest.approx(0.5, abs=0.03)
    assert pr == pytest.approx(0.1, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(0, 30))
def test_a_monotone_change_of_the_scores_changes_nothing(seed, window):
    rng = np.random.default_rng(seed)
    labels = labels_with(300, (40, 60), (200, 203))
    scores = rng.integers(-50, 50, size=300).astype(float)
    assert vus(labels, scores, window) == vus(labels, np.exp(scores / 10) - 7, window)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(0, 30))
def test_volumes_lie_between_nought_and_one(seed, window):
    rng = np.random.default_rng(seed)
    labels = rng.random(80) < 0.2
    labels[:2] = True, False
    assert all(0 <= volume <= 1 for volume in vus(labels, rng.normal(size=80), window))


def test_an_unjudged_anomaly_counts_as_missed_not_as_left_out():
    labels = labels_with(100, (40, 50))
    scores = np.linspace(0, 1, 100)
    scores[40:50] = 2
    whole = vus(labels, scores, 10)
    scores[40:45] = np.nan
    lowest = scores.copy()
    lowest[40:45] = -1
    assert vus(labels, scores, 10) == vus(labels, lowest, 10)
    assert vus(labels, scores, 10)[1] < whole[1]


@pytest.mark.parametrize(
    ("labels", "scores", "part"),
    [
        ([0, 0, 0], [1, 2, 3], "no point is labelled"),
        ([1, 1, 1], [1, 2, 3], "every point is labelled"),
        ([0, 2, 1], [1, 2, 3], "other than 0 and 1"),
        ([0, 1], [1, 2, 3], "expected \\(2,\\)"),
        ([[0, 1]], [1, 2], "one dimension"),
        ([0, 1], [np.nan, np.nan], "nothing was judged"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(labels, scores, part):
    with pytest.raises(DataError, match=part):
        vus(labels, scores, 3)


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(ConfigurationError, match="window of VUS is -1"):
        vus([0, 1], [0, 1], -1)
    with pytest.raises(ConfigurationError, match="1 thresholds"):
        vus([0, 1], [0, 1], 1, 1)


def test_memory_stays_far_below_a_table_of_thresholds_by_points(rng):
    import tracemalloc

    labels = labels_with(500_000, *((s, s + 60) for s in range(300, 500_000, 250)))
    scores = rng.random(500_000)
    tracemalloc.start()
    vus(labels, scores, 300)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6  # 250 x 500,000 booleans alone would be 125 MB, doubles 1 GB


def test_the_window_of_a_sine_is_its_period():
    assert sliding_window(np.sin(2 * np.pi * np.arange(5000) / 48)) == 48


def test_the_window_is_read_from_the_first_channel_and_its_first_20000_points():
    first, second = (np.sin(2 * np.pi * np.arange(30_000) / period) for period in (60, 45))
    first[20_000:] = 30 * np.sin(2 * np.pi * np.arange(10_000) / 17)
    assert sliding_window(np.column_stack((first, second))) == 60


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(500),
        np.arange(500.0),
        np.sin(2 * np.pi * np.arange(5000) / 4),
        np.sin(2 * np.pi * np.arange(5000) / 5),
        np.sin(2 * np.pi * np.arange(5000) / 350),
        np.full(50, np.nan),
        [1.0],
        [],
    ],
    ids=["constant", "a line", "period 4", "period 5", "period 350", "nothing observed", "one point", "empty"],
)
def test_the_window_is_125_where_no_period_shows(values):
    assert sliding_window(values) == 125


def test_gaps_hardly_move_the_window(rng):
    wave = np.sin(2 * np.pi * np.arange(5000) / 48)
    wave[rng.random(5000) < 0.1] = np.nan
    assert sliding_window(wave) == 48
