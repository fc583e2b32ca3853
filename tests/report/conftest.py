"""Events made by hand: what is drawn and said about them is known."""

import pytest
from made_events import made_events


@pytest.fixture
def make_events():
    """A maker of events, see :func:`made_events.made_events`."""
    return made_events
