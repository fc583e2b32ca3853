"""What is imported before a first page is asked for."""

import subprocess
import sys

from tsanomaly.resources import dashboards_folder

WARMED = """
import gc, sys, warming
warming.first_page_out.set()
warming.DETECTORS_NEED = ()
warming.warm_up()
assert gc.isenabled()
print(*sorted({"scipy", "sklearn", "torch"} & set(sys.modules)))
before = set(sys.modules)
import access, health, landing, session
from datetime import UTC, datetime, timedelta
from tsanomaly.report import sketch
from tsanomaly.report.lanes import Mark, swim_lanes
now = datetime.now(UTC)
assert sketch.html(swim_lanes([Mark("key", "lane", now, now, 1.0, "")], now - timedelta(1), now, "UTC"))
print(*sorted(name for name in set(sys.modules) - before if name.startswith(("tsanomaly", "plotly."))))
"""


def test_a_first_page_needs_no_more_of_this_package_or_of_plotly_and_waits_for_no_detector():
    done = subprocess.run(
        [sys.executable, "-c", WARMED], cwd=dashboards_folder(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["", ""]
