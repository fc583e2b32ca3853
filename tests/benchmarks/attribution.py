"""Does the detector blame the channels that broke?

    python tests/benchmarks/attribution.py [../shared/bench/multivariate] [--detector default] [--limit 3] [--seed 0]

For each labelled segment of the ASD series (Li et al., "InterFusion", KDD 2021), channels are ranked by their share of
the error over the segment, as an event's channels are, and compared with the channels that its authors name. The files
``interpretation/ASD_omi-N.txt`` say ``from-to:channels``, rows counted from the end of the training prefix, both ends
included, channels from 1.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsanomaly import Detector
from tsanomaly.evaluation import hit_rate, ndcg
from tsanomaly.evaluation.benchmark import Learned, contender_named, find_files
from tsanomaly.evaluation.benchmark.files import learning_rows, read_values

MEASURES = {
    "HitRate@100%": lambda ranked, causes: hit_rate(ranked, causes, 100),
    "HitRate@150%": lambda ranked, causes: hit_rate(ranked, causes, 150),
    "NDCG@100%": lambda ranked, causes: ndcg(ranked, causes, 100),
}


@dataclass(frozen=True)
class Segment:
    """Rows ``start`` to ``stop`` (excluded) of a series, and the channels that broke there, from 0."""

    start: int
    stop: int
    causes: frozenset[int]


def segments(text: str, prefix: int) -> list[Segment]:
    """What a file of interpretations says."""
    found = []
    for line in text.split():
        first, last, channels = re.fullmatch(r"(\d+)-(\d+):([\d,]+)", line).groups()
        causes = frozenset(int(channel) - 1 for channel in channels.split(","))
        found.append(Segment(prefix + int(first), prefix + int(last) + 1, causes))
    return found


def ranking(by_channel: np.ndarray, segment: Segment) -> list[int]:
    """Channels by the sum of their errors over the segment, ``(n, c)`` errors given."""
    blame = np.nan_to_num(by_channel[segment.start : segment.stop]).sum(axis=0, dtype=np.float64)
    return np.argsort(-blame, kind="stable").tolist()


def by_chance(channels: int, causes: int) -> float:
    """HitRate@100% of a random ranking."""
    return causes / channels


def judged(path: Path, contender: Learned, seed: int) -> tuple[np.ndarray, list[Segment]]:
    """Errors ``(n, c)`` of a series learned from as a whole, and its segments."""
    prefix = learning_rows(path.name)
    interpretation = path.parent / "interpretation" / f"{path.name.partition('_tr_')[0]}.txt"
    series = read_values(path).series
    detector = Detector(**{"reference": prefix, "random_state": seed, **contender.parameters}).fit(series)
    return detector.scores(series).by_channel, segments(interpretation.read_text(), prefix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/bench/multivariate"))
    parser.add_argument("--detector", default="default", help="as of tsanomaly benchmark: default, linear, an ablation")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    contender = contender_named(options.detector)
    if not isinstance(contender, Learned):
        parser.error(f"{options.detector} blames no channels; give default, linear or an ablation")
    files = [path for path in find_files([options.folder]) if path.name.startswith("ASD_")][: options.limit]
    results, chances, sizes = [], [], []
    for path in files:
        by_channel, found = judged(path, contender, options.seed)
        rows = []
        for segment in found:
            ranked = ranking(by_channel, segment)
            rows.append([measure(ranked, segment.causes) for measure in MEASURES.values()])
            chances.append(by_chance(by_channel.shape[1], len(segment.causes)))
            sizes.append(len(segment.causes))
        results += rows
        print(f"{path.name:34}{len(rows):4} segments  ", *np.round(np.mean(rows, axis=0), 3), flush=True)
    print(
        f"\n{options.detector}, seed {options.seed}: {len(results)} segments of {len(files)} series, "
        f"{np.mean(sizes):.1f} channels at fault on average"
    )
    for name, mean in zip(MEASURES, np.mean(results, axis=0), strict=True):
        print(f"  {name:14}{mean:.3f}")
    print(f"  by chance, HitRate@100% is {np.mean(chances):.3f}")


if __name__ == "__main__":
    main()
