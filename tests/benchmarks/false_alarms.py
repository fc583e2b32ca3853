"""How many events a week does a budget of one a week really give on data without anomalies?

    python tests/benchmarks/false_alarms.py [--series 200] [--step 1h] [--budget 1/week] [--jobs 1]

Each series is 20 weeks of autoregressive noise on a daily and a weekly season, all seeded. The first ten weeks are
learned from; events of the last ten are counted, so the threshold has to hold on data it has not seen.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

WEEKS = 20


def make(seed: int, step: str) -> pd.DataFrame:
    """One series without anomalies: AR(1) noise of a random strength, two seasons of random size and phase."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2024-01-01", periods=int(WEEKS * pd.Timedelta("7D") / pd.Timedelta(step)), freq=step)
    hours = np.arange(len(times)) * (pd.Timedelta(step) / pd.Timedelta("1h"))
    memory = rng.uniform(0.0, 0.9)
    shocks = rng.normal(size=len(times))
    noise = np.empty(len(times))
    level = 0.0
    for i, shock in enumerate(shocks):
        level = memory * level + shock
        noise[i] = level
    noise /= noise.std()
    day = rng.uniform(0.5, 5) * np.sin(2 * np.pi * (hours / 24 + rng.uniform()))
    week = rng.uniform(0, 2) * np.sin(2 * np.pi * (hours / 168 + rng.uniform()))
    return pd.DataFrame({"value": 50 + day + week + noise}, index=times)


def rate(seed: int, step: str, budget: str) -> float:
    """Events a week in the second half, learned on the first."""
    import torch

    from tsanomaly import Detector

    torch.set_num_threads(1)
    frame = make(seed, step)
    half = len(frame) // 2
    events = Detector(budget=budget, random_state=seed, twin=False).fit(frame.iloc[:half]).detect(frame.iloc[half:])
    return len(events) / (WEEKS / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--step", default="1h")
    parser.add_argument("--budget", default="1/week")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        rates = list(pool.map(partial(rate, step=options.step, budget=options.budget), range(options.series)))
    print(f"{options.series} series of {WEEKS} weeks, step {options.step}, budget {options.budget}")
    print(f"mean {np.mean(rates):.3f} events a week, median {np.median(rates):.3f}, highest {np.max(rates):.2f}")


if __name__ == "__main__":
    main()
