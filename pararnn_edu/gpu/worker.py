"""The process that compiles: `python worker.py JOB.json`, started by `aot.py`.

It is a process of its own because the CUDA plugin must find its settings before jax starts, and
because a compiler that crashes ends its process. It imports jax but not this package.
"""

import json
import sys
from pathlib import Path

import jax
from jax import export


def main(job: dict) -> None:
    """Compile the exported program for the described card; XLA writes its files to a folder."""
    sharding = jax.sharding.SingleDeviceSharding(_device(job["config"]))
    program = export.deserialize(bytearray(Path(job["program"]).read_bytes()))
    args = [jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding) for x in program.in_avals]
    lowered = jax.jit(program.call).trace(*args).lower(lowering_platforms=("cuda",))
    options = {"xla_dump_to": job["folder"]}
    if jax.__version_info__ >= (0, 11):
        options["xla_dump_emitter_re"] = "ptx"  # before, PTX was among the files unasked
    try:
        lowered.compile(compiler_options=options)
    except Exception as error:
        if "autotune" not in str(error):
            raise
        # jax before 0.10 wants to try matrix products on the card; decide by rule instead.
        lowered.compile(compiler_options=options | {"xla_gpu_autotune_level": 0})


def _device(config: str):
    """The one device of a described machine; nothing can run on it."""
    from jax.experimental import topologies

    topology = topologies.get_topology_desc(
        platform="cuda", topology_name="", topology="1x1x1", target_config=config
    )
    return topology.devices[0]


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[1]).read_text())
    try:
        main(job)
    except Exception as error:
        Path(job["error"]).write_text(f"{type(error).__name__}: {error}")
        sys.exit(3)
