"""Where a job's data comes from: files, a query, a command; long or wide, always as series on regular grids.

::

    reader of the kind        files, sql, command: Arrow tables, piece by piece, in a thread that may be waited for
      → roles                 once: which column is the clock, which names the series (tsanomaly.series does it)
      → grouping              whole series together, by name; on disk where they come mixed and are too many
      → shard                 series cut to the stretch wanted; those that cannot be read stay beside them, with reasons
"""

from tsanomaly.batch.sources.shard import Shard
from tsanomaly.batch.sources.source import Source, open_source

__all__ = ["Shard", "Source", "open_source"]
