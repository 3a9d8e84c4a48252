"""The report from a shell."""

import pytest

from pararnn_edu.__main__ import main


def run(capsys, *words) -> tuple[int, str, str]:
    code = main(["xray", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_function_of_a_file(compiler, capsys, tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(
        "import jax.numpy as jnp\ndef double_sum(x, s):\n    return jnp.sum(x.astype(float) * s)\n"
    )
    monkeypatch.chdir(tmp_path)
    shapes = ["--shape", "64x8:bf16", "--shape", "f32"]
    for name in ("model.py:double_sum", "model:double_sum"):
        code, out, _ = run(capsys, name, *shapes, "--target", "H100")
        assert code == 0 and "double_sum on NVIDIA H100" in out and "not measured" in out


def test_the_ptx_of_a_kernel(compiler, capsys):
    code, out, _ = run(capsys, "jax.numpy:tanh", "--shape", "64:f32", "--ptx", "wrapped_tanh")
    assert code == 0 and ".entry wrapped_tanh" in out
    code, _, err = run(capsys, "jax.numpy:tanh", "--shape", "64:f32", "--ptx", "x")
    assert code == 1 and "no PTX of a kernel 'x'; there are ['wrapped_tanh']" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to compile, as MODULE:FUNCTION"),
        (["jax.numpy.tanh"], "given as MODULE:FUNCTION, got 'jax.numpy.tanh'"),
        (["jax.numpy:tahn", "--shape", "3:f32"], "jax.numpy has no 'tahn'"),
        (["jax.numpy:pi", "--shape", "3:f32"], "jax.numpy:pi is no function but float"),
        (["no_such_module:f", "--shape", "3:f32"], "cannot import 'no_such_module'"),
        (["no_such_file.py:f", "--shape", "3:f32"], "there is no file 'no_such_file.py'"),
        (["jax.numpy:tanh"], "give the shape of every argument"),
        (["jax.numpy:tanh", "--shape", "3:f33"], "such as 65536x64:f32"),
        (["jax.numpy:tanh", "--shape", "3x:f32"], "got '3x:f32'"),
    ],
)
def test_mistakes_are_explained(capsys, words, said):
    code, out, err = run(capsys, *words)
    assert code == 1 and not out and said in err


def test_arguments_that_do_not_fit(compiler, capsys):
    code, _, err = run(capsys, "jax.numpy:matmul", "--shape", "3x4:f32")
    assert code == 1 and "does not take these arguments" in err and "'b'" in err
