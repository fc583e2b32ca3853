"""The benchmark: contenders, run over files in TSB-AD's format, and what came of it."""

from tsanomaly.evaluation.benchmark.detectors import Contender, Judgement, contender_named, with_ablations
from tsanomaly.evaluation.benchmark.files import find_files
from tsanomaly.evaluation.benchmark.results import HEADS, Row, Table, read_results
from tsanomaly.evaluation.benchmark.run import Settings, run
from tsanomaly.evaluation.benchmark.summary import Duel, Group, Summary, summarise

__all__ = [
    "HEADS",
    "Contender",
    "Duel",
    "Group",
    "Judgement",
    "Row",
    "Settings",
    "Summary",
    "Table",
    "contender_named",
    "find_files",
    "read_results",
    "run",
    "summarise",
    "with_ablations",
]
