import pytest

from tsanomaly.report import self_test


def rate(kind, strength, caught, stood_out, twin=(3, 5)):
    numbers = {"injected": 8, "caught": caught, "stood_out": stood_out}
    return {"kind": kind, "strength": strength, **numbers, "twin_caught": twin[0], "twin_stood_out": twin[1]}


@pytest.fixture
def tested():
    """As ``SelfTest.to_dict`` gives it."""
    return {
        "refusal": None,
        "verdict": "On this series the autoencoder is better",
        "caught": 12,
        "injected": 32,
        "auc": 0.914,
        "twin": {"auc": 0.87},
        "rates": [
            rate("spike", 8.0, 7, 8),
            rate("spike", 4.0, 1, 2),
            rate("drift", 4.0, 0, 1, (None, None)),
            rate("drift", 8.0, 4, 4),
        ],
    }


def test_the_table_has_a_row_a_kind_and_a_column_a_strength(tested):
    grid = self_test.grid(tested)
    assert grid.strengths == (4.0, 8.0)
    assert [kind for kind, _ in grid.rows] == ["spike", "drift"]
    assert [[cell.caught for cell in cells] for _, cells in grid.rows] == [[1, 7], [0, 4]]


def test_a_cell_says_what_stands_out_to_both(tested):
    (_, (weak, strong)), (_, (alone, _)) = self_test.grid(tested).rows
    assert self_test.standing_out(weak) == "stand out 2, twin 5"
    assert self_test.standing_out(strong) == "stand out 8, twin 5"
    assert self_test.standing_out(alone) == "stand out 1"


def test_the_total_names_what_is_caught_and_what_chance_would_give(tested):
    assert self_test.total(tested) == (
        "12 of 32 anomalies that were put in lie above the threshold. They score higher than calm rows in 91 % of all "
        "comparisons, with its linear twin in 87 %; chance alone gives 50 %."
    )
    assert "twin" not in self_test.total(tested | {"twin": None})


def test_the_longer_test_has_the_last_word_on_the_twin(tested):
    short = "On this series the linear twin is better"
    assert self_test.verdict(None) == "Whether the autoencoder beats its linear twin on this series was not tested."
    assert self_test.verdict(short) == f"{short}."
    assert self_test.verdict(short, tested) == "On this series the autoencoder is better."
    refused = tested | {"refusal": "the detector is refused on series 'a': every row scores the same; train again"}
    assert self_test.verdict(short, refused).startswith("The detector is refused on series 'a'")
    assert self_test.verdict(short, tested | {"verdict": None}) == f"{short}."
