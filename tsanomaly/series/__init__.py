"""What comes in: reading, diagnosis, grid."""

from tsanomaly.series.diagnosis import Diagnosis, Finding, Level
from tsanomaly.series.options import OnProgress, ReadOptions
from tsanomaly.series.period import estimate_period
from tsanomaly.series.reading import (
    Reading,
    from_array,
    from_arrow,
    from_frame,
    read_beginning,
    read_cells,
    read_csv,
    read_file,
    read_parquet,
    roles_in,
)
from tsanomaly.series.series import Series

__all__ = [
    "Diagnosis",
    "Finding",
    "Level",
    "OnProgress",
    "ReadOptions",
    "Reading",
    "Series",
    "estimate_period",
    "from_array",
    "from_arrow",
    "from_frame",
    "read_beginning",
    "read_cells",
    "read_csv",
    "read_file",
    "read_parquet",
    "roles_in",
]
