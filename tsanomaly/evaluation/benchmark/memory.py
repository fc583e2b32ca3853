"""The most memory that this process has held."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

MEGABYTE = 2**20
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Count from now on, where the system can (Linux); elsewhere the peak stays that of the process's whole life."""
    with contextlib.suppress(OSError):
        _RESET.write_text("5")


def peak_megabytes() -> float:
    """Most resident memory, in MiB, since :func:`forget_peak`."""
    if _STATUS.exists():
        match = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
        if match:
            return int(match[1]) * 1024 / MEGABYTE
    return _of_whole_life() / MEGABYTE


def _of_whole_life() -> float:
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
