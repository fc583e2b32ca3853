"""How fast the dashboard is in a real browser, against what it is to hold. Prints a table of markdown.

    python tests/benchmarks/browser_speed.py                          # all of it, some minutes
    python tests/benchmarks/browser_speed.py --only large --rows 100000
    python tests/benchmarks/browser_speed.py --only events lanes studio together moves

One file a measurement, in ``in_browser/``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "dashboards"))  # whose modules Streamlit runs from their own folder

from browser.serving import MISSING, browser_at, chromium
from in_browser.events import events
from in_browser.lanes import lanes
from in_browser.large import large
from in_browser.moves import moves
from in_browser.pages import PATIENCE
from in_browser.parquet import parquet
from in_browser.studio import studio
from in_browser.together import together
from playwright.sync_api import expect


def main() -> None:
    """Measure and print."""
    parts = {each.__name__: each for each in (large, parquet, events, lanes, studio, together, moves)}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--parquet-rows", type=int, default=10_000_000)
    options.add_argument("--events", type=int, default=5_000)
    options.add_argument("--series", type=int, default=200)
    options.add_argument("--times", type=int, default=5, help="how often what varies is done")
    given = options.parse_args()
    path = chromium()
    if path is None:
        sys.exit(MISSING)
    expect.set_options(timeout=PATIENCE)
    print("| | measured | target | met |\n|---|---|---|---|")
    for name in given.only:
        with browser_at(path) as browser:
            for what, measured, target, met in parts[name](browser, given):
                print(
                    f"| {what} | {measured} | {target} | {'' if met is None else 'yes' if met else '**no**'} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
