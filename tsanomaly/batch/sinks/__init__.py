"""Where results go besides the workspace: files and tables that others read.

A sink is told which stretch of each series was scored, and all its events or scores in that stretch; it replaces what
it had there. So the same run may write twice, and overlapping runs leave one row per event.
"""

from tsanomaly.batch.sinks.covered import Covered
from tsanomaly.batch.sinks.open import Sink, open_sinks

__all__ = ["Covered", "Sink", "open_sinks"]
