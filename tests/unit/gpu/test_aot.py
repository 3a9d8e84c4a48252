"""Compiling for a GPU: what is said when it cannot be done, and doing it."""

import re
import subprocess

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.gpu import TARGETS, CompileError, MissingPlugin, aot, card, compile_for, launches
from pararnn_edu.gpu.cards import target_config


@pytest.mark.parametrize("target", TARGETS)
def test_targets_hold_one_card_each(target):
    config = target_config(target)
    name = re.search(r'device_description_str: "(.*)"', config)[1]
    assert target in name
    for field in ("core_count", "memory_bandwidth", "l2_cache_size", "clock_rate_ghz"):
        assert len(re.findall(rf"^  {field}: [\d.]+$", config, re.MULTILINE)) == 1
    assert config.count("{") == config.count("}")


def test_cards_hold_the_numbers_of_the_data_sheets():
    assert [card(target).capability for target in TARGETS] == [(8, 0), (9, 0), (8, 9), (7, 5)]
    assert card("A100").bandwidth == 1555e9
    # NVIDIA gives 19.5, 67, 30.3 and 8.1 single-precision teraflops.
    for target, published in zip(TARGETS, (19.5e12, 67e12, 30.3e12, 8.1e12), strict=True):
        assert card(target).flops == pytest.approx(published, rel=0.02)


def test_an_unknown_target_is_named():
    with pytest.raises(ValueError, match=r"one of \['A100', 'H100', 'L4', 'T4'\], got 'a100'"):
        compile_for(jnp.tanh, jnp.ones(3), target="a100")


def test_without_the_plugin_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PARARNN_EDU_CUDA", str(tmp_path))
    monkeypatch.setattr(aot.packages, "_plugin_version", lambda path: None)
    with pytest.raises(MissingPlugin) as caught:
        compile_for(jnp.tanh, jnp.ones(3))
    said, version = str(caught.value), jax.__version__
    for package in ("jax-cuda12-plugin", "jax-cuda12-pjrt"):
        assert f"{package}=={version}" in said
    assert "nvidia-cuda-nvcc-cu12" in said and "xray --install" in said
    assert isinstance(caught.value, ImportError)


def test_a_plugin_for_another_jax_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PARARNN_EDU_CUDA", str(tmp_path))
    monkeypatch.setattr(aot.packages, "_plugin_version", lambda path: None if path else "0.1.2")
    with pytest.raises(MissingPlugin, match=r"version 0\.1\.2 is installed, for another jax"):
        compile_for(jnp.tanh, jnp.ones(3))


def test_something_must_be_compiled_for(compiler):
    with pytest.raises(ValueError, match="at least one array argument"):
        compile_for(lambda: jnp.ones(3))


def test_a_program_that_calls_back_is_refused_with_the_remedy(compiler):
    cell = pr.Elman(2, 2, key=jax.random.key(0))
    with pytest.raises(ValueError, match="on_failure='return'"):
        compile_for(lambda xs: pr.solve(cell, xs).states, jnp.ones((8, 2)))


def test_a_scan_launches_in_proportion_to_its_length(compiler):
    cell = pr.GRU(3, 4, key=jax.random.key(0))

    def total(T):
        return launches(compile_for(pr.unroll, cell, jax.ShapeDtypeStruct((T, 3), float))).total

    assert total(300) - total(200) == total(200) - total(100) > 100


def ended(code: int, stderr: str = "") -> subprocess.CompletedProcess:
    return subprocess.CompletedProcess([], code, "", stderr)


def test_a_crash_of_the_compiler_is_an_error_here(compiler, monkeypatch):
    run = lambda *args, **kwargs: ended(-11, "one\ntwo\nlast words")
    monkeypatch.setattr(aot.subprocess, "run", run)
    with pytest.raises(CompileError, match=r"crashed \(SIGSEGV\)(.|\n)*last words"):
        compile_for(jnp.tanh, jnp.ones(3))


def test_a_compiler_that_hangs_is_stopped(compiler, monkeypatch):
    def run(*args, timeout, **kwargs):
        raise subprocess.TimeoutExpired("worker", timeout)

    monkeypatch.setattr(aot.subprocess, "run", run)
    with pytest.raises(CompileError, match="stopped after 600 seconds"):
        compile_for(jnp.tanh, jnp.ones(3))
