import numpy as np
import pytest

from tsanomaly.report.model_figures import population_stability, score_shift, training_curve


def test_scores_that_stayed_have_no_shift_and_scores_that_moved_have_one():
    rng = np.random.default_rng(0)
    learned, same, moved = rng.gamma(2, 1, 5000), rng.gamma(2, 1, 5000), rng.gamma(2, 1, 5000) * 2
    assert population_stability(learned, learned) == 0
    assert population_stability(learned, same) < 0.02
    assert population_stability(learned, moved) > 0.25


def test_the_shift_of_two_known_distributions_is_the_index_by_hand():
    learned, since = np.repeat([0.0, 1.0], [50, 50]), np.repeat([0.0, 1.0], [80, 20])
    wanted = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert population_stability(learned, since, parts=2) == pytest.approx(wanted)


def test_both_distributions_are_drawn_and_each_adds_up_to_all_rows():
    rng = np.random.default_rng(1)
    figure = score_shift(rng.gamma(2, 1, 400), rng.gamma(2, 2, 300), 5.0)
    assert [trace.name for trace in figure.data] == ["when it learned", "since"]
    assert [sum(trace.y) for trace in figure.data] == pytest.approx([100, 100], abs=1)
    assert figure.layout.shapes[0].x0 == 5.0
    assert not score_shift(np.ones(3), np.ones(3), np.inf).layout.shapes


def test_each_member_has_a_line_for_what_it_learned_from_and_one_for_what_was_held_back():
    history = [
        {"steps": [1, 2], "trained": [1.0, 0.5], "held_back": [1.1, 0.7], "best_step": 2},
        {"steps": [1], "trained": [1.0], "held_back": [], "best_step": 1},
    ]
    figure = training_curve(history)
    assert [list(trace.y) for trace in figure.data] == [[1.0, 0.5], [1.1, 0.7], [1.0]]
