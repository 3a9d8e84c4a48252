"""The cost model, set against DEER's published times."""

import re

import pytest

from pararnn_edu.gpu import model


def test_the_model():
    assert model.modelled_seconds(1000, 0, 1e12) == pytest.approx(3e-3)
    assert model.modelled_seconds(0, 5e11, 1e12) == pytest.approx(0.5)
    assert model.modelled_seconds(10, 0, 1e12, launch_seconds=1e-6) == pytest.approx(1e-5)


def test_the_error_against_published_times_is_what_the_docstring_says():
    found = {name: model.rms(errors) for name, errors in model.errors().items()}
    said = re.search(
        r"nothing fitted: ([\d.]+) for the time of `lax.scan`, ([\d.]+) for DEER's, "
        r"([\d.]+) for the speed-up",
        " ".join(model.__doc__.split()),
    ).groups()
    assert [f"{found[name]:.2f}" for name in ("scan", "deer", "speedup")] == list(said)
    assert found["speedup"] <= 0.4
    assert f"a factor of {10 ** found['speedup']:.1f}" in " ".join(model.__doc__.split())


def test_the_model_is_too_kind_to_the_parallel_program():
    """The bias that the docstring owns up to."""
    points = model.published()["points"]
    errors = dict(zip([(p["n"], p["T"]) for p in points], model.errors()["speedup"], strict=True))
    assert max(errors.values()) == max(errors[n, T] for n, T in errors if n in (2, 4))
    assert 10 ** max(errors.values()) < 6
    assert all(abs(10**error - 1) <= 0.5 for (n, _), error in errors.items() if n >= 32)


def test_published_points():
    about = model.published()
    assert len(about["points"]) == 22 and about["batch"] == 16
    assert "machine-discovery/deer" in about["source"]["log"] and about["jax"] and about["note"]
    for point in about["points"]:
        per_step = point["scan"]["launches"] // point["T"]
        assert 3 <= per_step <= 10 and point["iterations"] == 5
        assert point["deer"]["launches"] < 700
    # The paper's own words: more than 500 times for one channel and a million steps.
    one = next(p for p in about["points"] if (p["n"], p["T"]) == (1, 1_000_000))
    assert one["scan"]["published"] / one["deer"]["published"] == pytest.approx(516.5, rel=0.02)
