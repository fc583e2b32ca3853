"""A job killed anywhere leaves what an undisturbed one leaves; ``tests/chaos/kill_anywhere.py`` is the long version."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "chaos" / "kill_anywhere.py"


def test_a_job_that_is_killed_anywhere_and_started_again_leaves_the_same():
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "--kills", "4", "--series", "6", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=one_thread)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing differs" in done.stdout
