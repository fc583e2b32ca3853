"""Are events called by the right kind?

    python tests/benchmarks/kinds.py [--repeats 8] [--detected] [--seed 0]

Anomalies of known kinds are put into seven synthetic series of 3,000 rows (``WORLDS``): periodic and not, one channel
and three, with noise and with a drift. Printed is, for each strength and each kind put in, how often which kind was
said. By default an event is the anomaly's own stretch, its ends moved by up to a quarter of its length; with
``--detected`` it is what a detector that learned from the undisturbed series finds there; anomalies it does not find
are left out, and how many it finds is said, and how many events there are in the undisturbed series.
"""

import argparse
from collections import Counter, defaultdict

import numpy as np

from tsanomaly import Detector
from tsanomaly.detection.events import ChannelShare, Event, Events
from tsanomaly.detection.kinds import EventKind, course_of
from tsanomaly.detection.scores import Scores
from tsanomaly.detection.thresholds import Threshold
from tsanomaly.evaluation import Injection, Kind, inject, local_variation
from tsanomaly.evaluation.injection import rows_long
from tsanomaly.evaluation.synthetic import autoregressive
from tsanomaly.series import Series, estimate_period

ROWS, WINDOW = 3000, 48
STRENGTHS = (4.0, 8.0, 16.0)

RIGHT = {
    Kind.SPIKE: EventKind.SPIKE,
    Kind.LEVEL_SHIFT: EventKind.LEVEL,
    Kind.DRIFT: EventKind.TREND,
    Kind.FLAT_LINE: EventKind.FLAT_LINE,
    Kind.NOISE_BURST: EventKind.VARIANCE,
    Kind.FREQUENCY_CHANGE: EventKind.FREQUENCY,
    Kind.BROKEN_CORRELATION: EventKind.BROKEN_CORRELATION,
}


def wave(rows, turn=0.0):
    return np.sin(2 * np.pi * np.arange(ROWS) / rows + turn)


def worlds(random):
    """``(n, c)`` ordinary values by name."""

    def noise(size):
        return random.normal(0, size, ROWS)

    common, own = autoregressive(random, ROWS, 0.95, 1.0), autoregressive(random, ROWS, 0.9, 1.0)
    return {
        "a wave": np.column_stack([wave(48) + noise(0.1)]),
        "two waves": np.column_stack([wave(72) + 0.6 * wave(24, 1) + noise(0.1)]),
        "a saw": np.column_stack([np.arange(ROWS) % 60 / 60 + noise(0.05)]),
        "a wave on a drift": np.column_stack([wave(48) + np.arange(ROWS) / 1000 + noise(0.1)]),
        "three waves that go together": np.column_stack(
            [
                wave(48) + noise(0.1),
                3 * wave(48, 0.8) + noise(0.2),
                0.5 * wave(48) + 0.3 * wave(24) + noise(0.05),
            ]
        ),
        "no period": np.column_stack([common]),
        "three without a period that go together": np.column_stack(
            [common + noise(0.15), 2 * common + 0.3 * own + noise(0.2), -common + 0.5 * own + noise(0.15)]
        ),
    }


def series_of(values):
    return Series(np.arange(len(values)), values, tuple(f"c{j}" for j in range(values.shape[1])))


def event_at(series, column, start, stop):
    """An event by hand, led by a channel."""
    share = ChannelShare(series.channels[column], 1.0, "both")
    event = Event(1, start, stop, start, start, stop, start, 50.0, 5.0, "both", (share,))
    flat = np.ones(len(series))
    scores = Scores(series.times, flat, np.ones(series.values.shape, np.float32), series.values, series.channels)
    return Events((event,), series, scores, Threshold(1.0, "by hand", len(series)), flat), event


def moved(start, stop, random):
    """A stretch whose ends were moved by up to a quarter of its length; outwards by up to four rows in any case."""
    inwards = (stop - start) // 4
    outwards = max(4, inwards)
    return int(start + random.integers(-outwards, inwards + 1)), int(stop + random.integers(-inwards, outwards + 1))


def found(detector, series, injection):
    """The event that a detector finds there, the most severe one; ``None``: it finds none."""
    events = detector.detect(series)
    there = [event for event in events if event.start_row < injection.stop and event.end_row > injection.start]
    return (events, there[0]) if there else None


def measure(repeats, detected, seed):
    """How often which kind was said, by strength and kind put in; by world and kind how often the right one; how many
    anomalies were put in, by strength; and events in the undisturbed series."""
    random = np.random.default_rng(seed)
    said = defaultdict(Counter)
    right = defaultdict(list)
    put, calm = Counter(), 0
    for name, values in worlds(random).items():
        series = series_of(values)
        units = local_variation(values, estimate_period(values, prominence=0.15))
        detector = Detector(twin=False).fit(series) if detected else None
        calm += len(detector.detect(series)) if detector is not None else 0
        for kind in Kind:
            if kind is Kind.BROKEN_CORRELATION and values.shape[1] == 1:
                continue
            for strength in STRENGTHS:
                for _ in range(repeats):
                    length = rows_long(kind, strength, WINDOW)
                    start, column = (
                        int(random.integers(600, ROWS - 600 - length)),
                        int(random.integers(values.shape[1])),
                    )
                    sign, drawn = int(random.choice([-1, 1])), int(random.integers(2**31))
                    injection = Injection(kind, strength, column, start, start + length, sign, drawn)
                    changed = inject(series, [injection], units)
                    if detector is None:
                        pair = event_at(changed, column, *moved(start, start + length, random))
                    else:
                        pair = found(detector, changed, injection)
                    put[strength] += 1
                    if pair is not None:
                        answer = course_of(*pair).kind
                        said[strength, kind][answer] += 1
                        right[name, kind].append(answer is RIGHT[kind])
    return said, right, put, calm


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--detected", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    said, right, put, calm = measure(options.repeats, options.detected, options.seed)
    for strength in STRENGTHS:
        print(f"\nstrength {strength:g}\n| put in | events | " + " | ".join(EventKind) + " |")
        print("|---" * (2 + len(EventKind)) + "|")
        for kind in Kind:
            counts = said[strength, kind]
            print(f"| {kind} | {counts.total()} | " + " | ".join(str(counts[k] or "") for k in EventKind) + " |")
        named = sum(said[strength, kind].total() for kind in Kind)
        correct = sum(said[strength, kind][RIGHT[kind]] for kind in Kind)
        print(f"called right: {correct} of {named}; put in: {put[strength]}")
    if options.detected:
        print(f"\nevents in the undisturbed series: {calm}")
    print("\nright, by series and kind")
    for (name, kind), answers in right.items():
        print(f"  {name:40} {kind:20} {sum(answers):3} of {len(answers)}")


if __name__ == "__main__":
    main()
