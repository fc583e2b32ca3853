"""Telling people: what to say when a run ends, and getting it to them at least once."""

from tsanomaly.batch.alerts.delivery import Delivery as Delivery
from tsanomaly.batch.alerts.delivery import deliver as deliver
from tsanomaly.batch.alerts.delivery import title_of as title_of
from tsanomaly.batch.alerts.occasions import alerts_of as alerts_of
from tsanomaly.batch.alerts.rehearsal import rehearse as rehearse
