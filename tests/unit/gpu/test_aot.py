"""Compiling for a GPU: what is said when it cannot be done, and doing it where it can."""

import importlib.util
import re

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.gpu import TARGETS, MissingPlugin, aot, compile_for, launches

PLUGIN = any(importlib.util.find_spec(f"jax_cuda{n}_plugin") for n in (12, 13))


@pytest.mark.parametrize("target", TARGETS)
def test_targets_hold_one_card_each(target):
    config = aot.target_config(target)
    name = re.search(r'device_description_str: "(.*)"', config)[1]
    assert target in name
    for field in ("core_count", "memory_bandwidth", "l2_cache_size", "clock_rate_ghz"):
        assert len(re.findall(rf"^  {field}: [\d.]+$", config, re.MULTILINE)) == 1
    assert config.count("{") == config.count("}")


def test_targets_differ():
    bandwidths = {re.search(r"bandwidth: (\d+)", aot.target_config(t))[1] for t in TARGETS}
    assert len(bandwidths) == len(TARGETS)


def test_an_unknown_target_is_named():
    with pytest.raises(ValueError, match=r"one of \['A100', 'H100', 'L4', 'T4'\], got 'a100'"):
        compile_for(jnp.tanh, jnp.ones(3), target="a100")


def test_something_must_be_compiled_for():
    with pytest.raises(ValueError, match="at least one array argument"):
        compile_for(lambda: jnp.ones(3))


def test_without_the_plugin_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(aot.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPlugin) as caught:
        compile_for(jnp.tanh, jnp.ones(3))
    said, version = str(caught.value), jax.__version__
    for package in ("jax-cuda12-plugin", "jax-cuda12-pjrt"):
        assert f"{package}=={version}" in said
    assert "nvidia-cuda-nvcc-cu12" in said
    assert isinstance(caught.value, ImportError)


@pytest.mark.skipif(not PLUGIN, reason="compiling for a GPU needs the package jax-cuda12-plugin")
def test_a_scan_launches_in_proportion_to_its_length():
    cell = pr.GRU(3, 4, key=jax.random.key(0))

    def total(T):
        return launches(compile_for(pr.unroll, cell, jax.ShapeDtypeStruct((T, 3), float))).total

    assert total(300) - total(200) == total(200) - total(100) > 100
