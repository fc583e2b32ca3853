import pytest
import rules

import tsanomaly
from tsanomaly.errors import ConfigurationError

SERIES = tsanomaly.from_array([[float(i * 37 % 11)] for i in range(300)]).one()


@pytest.fixture(scope="module")
def detector():
    return tsanomaly.Detector(window=8, training=tsanomaly.Training(steps=2), twin=False).fit(SERIES)


@pytest.mark.parametrize("kind", rules.KINDS)
def test_every_step_of_a_slider_is_a_rule_and_lets_more_through_than_the_one_before(kind, detector):
    steps = rules.KINDS[kind].steps
    assert rules.KINDS[kind].usual in steps
    levels = [detector.fit_threshold(rules.parse(step)).value for step in steps]
    assert levels == sorted(levels, reverse=True)
    assert all(rules.kind_of(step) == kind for step in steps)
    assert all(rules.spoken(step) for step in steps)


@pytest.mark.parametrize("text", [kind.usual for kind in rules.KINDS.values()])
def test_a_rule_survives_the_way_into_a_detector_and_back(text, detector):
    rules.lay(detector, text)
    assert rules.of(detector) == text
    assert detector.threshold_ == detector.fit_threshold(rules.parse(text))


@pytest.mark.parametrize("text", ["", "mad", "mad=x", "mad=-1", "quantile=2", "extreme-value=1", "dynamic=3", "<b>=1"])
def test_what_is_no_rule_is_one_sentence_and_an_address_falls_back(text):
    with pytest.raises(ConfigurationError):
        rules.parse(text)
    assert rules.parsed_or(text, "3/week") == "3/week"


def test_a_setting_between_two_steps_finds_its_place_among_them():
    assert rules.with_step("mad", "mad=6") == rules.KINDS["mad"].steps
    steps = rules.with_step("mad", "mad=6.5")
    assert steps[steps.index("mad=6.5") - 1 : steps.index("mad=6.5") + 2] == ("mad=7", "mad=6.5", "mad=6")
    steps = rules.with_step("budget", "4/day")
    assert steps[steps.index("4/day") + 1] == "5/day"
    assert rules.budget_text(rules.parse("4/day")) == "4/day"
