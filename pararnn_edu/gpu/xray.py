"""`python -m pararnn_edu xray`: the report of a function, from a shell."""

import argparse
import importlib
import importlib.util
import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

from . import packages
from .aot import CompileError
from .cards import TARGETS
from .reports import Report, report

EPILOG = """\
examples:
  python -m pararnn_edu xray jax.numpy:cumsum --shape 1000000:f32
  python -m pararnn_edu xray model.py:step --shape 64:f32 --shape 4096x64:bf16 --target H100
  python -m pararnn_edu xray --install     # fetch NVIDIA's compiler first, about 220 MB

Nothing runs on a GPU and none is needed. Times are modelled, not measured.
"""
DTYPES = {
    "f32": "float32", "f16": "float16", "bf16": "bfloat16", "f64": "float64",
    "i32": "int32", "i64": "int64", "u32": "uint32", "i8": "int8", "u8": "uint8", "bool": "bool",
}  # fmt: skip


class Mistake(Exception):
    """What was asked for cannot be done; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, EPILOG
    parser.add_argument(
        "function",
        nargs="?",
        metavar="MODULE:FUNCTION",
        help="what to compile: a function of arrays in a module, or in a file such as model.py",
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="SHAPE:DTYPE",
        help="of one argument, in order: 65536x64:f32; a plain f32 is a single number. "
        f"Dtypes: {', '.join(DTYPES)}",
    )
    parser.add_argument("--target", choices=TARGETS, default="A100", help="the card (A100)")
    parser.add_argument("--trips", type=int, help="length of loops that the program does not fix")
    parser.add_argument("--ptx", metavar="KERNEL", help="print the PTX of this kernel instead")
    parser.add_argument("--install", action="store_true", help="fetch NVIDIA's compiler")


def xray(args: argparse.Namespace) -> bool:
    """Print what was asked for; True if it could be done."""
    try:
        if args.install:
            print(f"NVIDIA's compiler is in {packages.install()}")
        elif not args.function:
            raise Mistake("say what to compile, as MODULE:FUNCTION, or give --install")
        if args.function:
            found = _report(args)
            print(found.ptx(args.ptx) if args.ptx else found)
        return True
    except (Mistake, packages.MissingPlugin, CompileError, ValueError) as error:
        print(f"xray: {error}", file=sys.stderr)
        return False


def _report(args: argparse.Namespace) -> Report:
    if any(shape.endswith("64") for shape in args.shape):
        jax.config.update("jax_enable_x64", True)
    function, structs = load(args.function), [struct(shape) for shape in args.shape]
    if not structs:
        raise Mistake("give the shape of every argument, such as --shape 65536x64:f32")
    try:
        return report(function, *structs, target=args.target, trips=args.trips)
    except TypeError as error:  # what JAX and Python say of arguments that do not fit
        raise Mistake(f"{args.function} does not take these arguments: {error}") from error


def load(name: str):
    """The function that `module:function` or `file.py:function` names."""
    module_name, colon, path = name.rpartition(":")
    if not colon or not path or not module_name:
        raise Mistake(f"the function is given as MODULE:FUNCTION, got {name!r}")
    found = _module(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise Mistake(f"{module_name} has no {path!r}")
        found = getattr(found, part)
    if not callable(found):
        raise Mistake(f"{name} is no function but {type(found).__name__}")
    return found


def _module(name: str):
    """A module by its name, from the current folder too, or a file."""
    if name.endswith(".py"):
        if not Path(name).exists():
            raise Mistake(f"there is no file {name!r}")
        spec = importlib.util.spec_from_file_location(Path(name).stem, name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Mistake(f"cannot import {name!r}: {error}") from error


def struct(text: str) -> jax.ShapeDtypeStruct:
    """`"65536x64:f32"` as an array's shape and dtype; `"f32"` is a scalar."""
    sizes, _, dtype = text.rpartition(":")
    numbers = sizes.split("x") if sizes else []
    if dtype not in DTYPES or not all(each.isdecimal() for each in numbers):
        raise Mistake(
            f"an array is given as SHAPE:DTYPE, such as 65536x64:f32, with a dtype of "
            f"{', '.join(DTYPES)}; got {text!r}"
        )
    return jax.ShapeDtypeStruct(tuple(map(int, numbers)), jnp.dtype(DTYPES[dtype]))
