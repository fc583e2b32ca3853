"""What comes in: reading, diagnosis, grid."""

from tsanomaly.series.diagnosis import Diagnosis, Finding, Level
from tsanomaly.series.period import estimate_period
from tsanomaly.series.reading import Reading, read_csv
from tsanomaly.series.series import Series

__all__ = ["Diagnosis", "Finding", "Level", "Reading", "Series", "estimate_period", "read_csv"]
