"""Tied against untied weights of the same sizes: parameters, seconds a step, VUS-PR.

    python tests/benchmarks/tied_untied.py FOLDER [--limit 22] [--jobs 1]

FOLDER holds labelled files in TSB-AD's format. Both kinds start from the same weights and learn from the same windows,
once from all and once from every tenth.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np

KINDS = {"tied": False, "untied": True}
STRIDES = {"all windows": 1, "every tenth window": 10}


def judge(path: Path, untied: bool, stride: int) -> tuple[float, int, float]:
    """VUS-PR, weights and biases, and seconds of training a step."""
    import torch

    from tsanomaly.detection import detector as station
    from tsanomaly.detection.member import Architecture
    from tsanomaly.evaluation import vus
    from tsanomaly.evaluation.benchmark.files import learning_rows, read_labels, read_values

    class Untied(Architecture):
        def build(self, cells: int) -> torch.nn.Module:
            return super().build(cells).untied()

    torch.set_num_threads(1)
    material = read_values(path)
    reference = material.reference(learning_rows(path.name))
    with mock.patch.object(station, "Architecture", Untied if untied else Architecture):
        begun = time.perf_counter()
        fitted = station.Detector(twin=False, reference=reference, stride=stride).fit(material.series)
        seconds = time.perf_counter() - begun
    total = fitted.scores(material.series).total
    total = np.where(np.isfinite(total), total, np.nanmin(total))[material.grid_row]
    parameters = sum(p.numel() for member in fitted.members_ for p in member.model.parameters())
    steps = sum(history.steps[-1] for history in fitted.history_)
    return vus(read_labels(path), total, material.window)[1], parameters, seconds / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=22)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.csv*"))
    files = [files[place * len(files) // options.limit] for place in range(min(options.limit, len(files)))]
    with ProcessPoolExecutor(options.jobs) as pool:
        for windows, stride in STRIDES.items():
            for kind, untied in KINDS.items():
                results = list(pool.map(judge, files, [untied] * len(files), [stride] * len(files)))
                score, parameters, seconds = np.mean(results, axis=0)
                print(
                    f"{windows:19s} {kind:6s} VUS-PR {score:.3f}  {parameters:9.0f} parameters "
                    f"({4 * parameters / 1e6:.2f} MB)  {1000 * seconds:.2f} ms a step, scoring included",
                    flush=True,
                )


if __name__ == "__main__":
    main()
