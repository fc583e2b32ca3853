"""Saved detectors: the same bits back, and nothing believed."""

import json
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tsanomaly import Detector, ExtremeValue, Training, load, save
from tsanomaly.detection import bundle
from tsanomaly.errors import BundleError

VIEW = {"length": 20, "joint": True, "early": False, "point": 1, "grain": 1, "novelty": 0}


def wave(n: int = 500) -> np.ndarray:
    t = np.arange(n)
    noise = 0.1 * np.random.default_rng(0).normal(size=(n, 2))
    return np.c_[np.sin(t / 4), np.cos(t / 9)] + noise


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(training=Training(steps=20), threshold=ExtremeValue(1e-3)).fit(wave())


@pytest.fixture
def saved(detector, tmp_path):
    return save(detector, tmp_path / "model.tsanomaly")


def test_a_loaded_detector_gives_the_same_bits(detector, saved):
    back = load(saved)
    np.testing.assert_array_equal(back.scores(wave()).total, detector.scores(wave()).total)
    np.testing.assert_array_equal(back.twin_.scores(wave()).total, detector.twin_.scores(wave()).total)
    assert back.detect(wave()).to_json() == detector.detect(wave()).to_json()
    assert back.threshold_ == detector.threshold_
    assert back.fit_threshold(ExtremeValue(1e-3)) == detector.fit_threshold(ExtremeValue(1e-3))


def test_a_lone_channels_detector_keeps_what_it_compares_other_times_with(tmp_path):
    values = wave(900)[:, :1]
    detector = Detector(training=Training(steps=20)).fit(values)
    assert len(detector.neighbours_) == 4
    assert [member.novelty is not None for member in detector.members_] == [True, True, True]
    back = load(save(detector, tmp_path / "model.tsanomaly"))
    np.testing.assert_array_equal(back.scores(values).total, detector.scores(values).total)
    np.testing.assert_array_equal(back.twin_.scores(values).total, detector.twin_.scores(values).total)


def test_saving_a_loaded_detector_writes_the_same_content(saved, tmp_path):
    again = save(load(saved), tmp_path / "again.tsanomaly")
    assert bundle.describe(again) == bundle.describe(saved)
    one, two = load_file(again), load_file(saved)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_file_says_what_it_learned_from_without_being_built(saved):
    told = bundle.describe(saved)
    assert told["learned_from"]["rows"] == 500
    assert len(told["learned_from"]["sha256"]) == 64
    assert told["channels"] == ["channel 1", "channel 2"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.999])
def test_a_truncated_file_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BundleError, match="is truncated or no model file"):
        load(saved)


def test_a_changed_byte_is_refused(saved):
    content = bytearray(saved.read_bytes())
    content[-5] ^= 1
    saved.write_bytes(content)
    with pytest.raises(BundleError, match="was changed after it was written; train it again"):
        load(saved)


def test_another_programs_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(3)}, path)
    with pytest.raises(BundleError, match="holds no detector of this program"):
        load(path)


def test_a_newer_format_is_refused(saved):
    _rewrite(saved, format="99")
    with pytest.raises(BundleError, match="has format 99; this program reads up to 3: upgrade tsanomaly"):
        load(saved)


@pytest.mark.parametrize("old", ["1", "2"])
def test_a_format_whose_scores_meant_something_else_is_refused(saved, old):
    _rewrite(saved, format=old)
    with pytest.raises(BundleError, match=r"was written before 0\.1\.0 was released, and scored otherwise"):
        load(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"window": "wide"},
        {"window": -5},
        {"origin": 2**63},
        {"vouched": -1},
        {"step_ns": 0},
        {"rows_per_week": float("inf")},
        {"views": []},
        {"views": [{**VIEW, "length": 10**9}]},
        {"views": [{**VIEW, "point": 200}]},
        {"views": [{**VIEW, "grain": 3}]},
        {"views": [{**VIEW, "grain": 0}]},
        {"views": [{**VIEW, "novelty": -1}]},
        {"views": [{**VIEW, "novelty": 1}]},
        {"channels": ["only one"]},
        {"threshold": {}},
        {"rule": {"name": "os.system"}},
        {"training": {"steps": -1}},
        {"severity_per_ten": "x"},
        {"parameters": {}},
        {"history": [{}]},
        {"twin": {}},
    ],
)
def test_a_forged_description_with_a_matching_digest_is_refused(saved, change):
    _rewrite(saved, described=change)
    with pytest.raises(BundleError, match="contradicts itself; train it again"):
        load(saved)


@pytest.mark.parametrize(
    ("name", "forge"),
    [
        ("member.0.residuals.root", lambda root: root[:, 1:, 1:]),
        ("member.0.residuals.root", lambda root: root.double()),
        ("member.0.residuals.root", lambda root: root * torch.inf),
        ("member.0.usual.mean", lambda mean: mean.to(torch.int64)),
    ],
)
def test_forged_tensors_with_a_matching_digest_are_refused(saved, name, forge):
    _rewrite(saved, tensors={name: forge(load_file(saved)[name]).contiguous()})
    with pytest.raises(BundleError, match="contradicts itself"):
        load(saved)


@pytest.mark.parametrize("rows", [[-1, 5], [0, 2**60]])
def test_rows_that_no_series_has_are_refused(tmp_path, rows):
    lone = Detector(training=Training(steps=5), twin=False, threshold=ExtremeValue(1e-3)).fit(wave()[:, :1])
    path = save(lone, tmp_path / "lone.tsanomaly")
    kept = lone.members_[0].novelty.errors[:2].half()
    _rewrite(path, tensors={"member.0.novelty.errors": kept, "member.0.novelty.rows": torch.tensor(rows)})
    with pytest.raises(BundleError, match="contradicts itself"):
        load(path)


def test_missing_files_folders_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(BundleError, match="cannot be read: No such file or directory"):
        load(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="is no model file"):
        load(tmp_path)
    (tmp_path / "text").write_text("time,value\n1,2\n")
    with pytest.raises(BundleError, match="is truncated or no model file"):
        load(tmp_path / "text")
    (tmp_path / "header").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(BundleError, match="is truncated or no model file"):
        load(tmp_path / "header")


def test_a_failed_save_leaves_the_old_file_and_nothing_else(detector, saved, tmp_path):
    before = saved.read_bytes()
    with pytest.raises(BundleError, match="could not be written"):
        save(detector, tmp_path / "nowhere" / "model.tsanomaly")
    assert saved.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.tsanomaly"]


def _rewrite(path, *, described=None, tensors=None, **metadata) -> None:
    """Forge a file the way somebody with a text editor and the source code would: the digest is made to match."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        old = file.metadata()
        held = {name: file.get_tensor(name) for name in file.keys()} | (tensors or {})  # noqa: SIM118 - not a dict
    text = json.dumps(json.loads(old["detector"]) | (described or {}), sort_keys=True)
    save_file(held, path, old | {"detector": text, "digest": bundle._digest(held, text)} | metadata)
