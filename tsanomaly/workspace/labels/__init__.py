"""Labels of anomalies in other tools' formats and our own: read from a file's content, written to one."""

from tsanomaly.workspace.labels.formats import LabelFormat as LabelFormat
from tsanomaly.workspace.labels.formats import read_labels as read_labels
from tsanomaly.workspace.labels.formats import write_labels as write_labels
from tsanomaly.workspace.labels.label import Label as Label
