"""Parallel scans written as GPU kernels, in Pallas. Imported only where they are used.

    layout.py     which program works on what
    kernels.py    the two kernels, fold and replay
    scan.py       how a scan is cut, and which kernels are launched
    launch.py     arrays into a kernel and out of it
    batch.py      what `jax.vmap` makes of it
    recur.py      what `jax.grad` makes of it

They are compiled for NVIDIA GPUs of compute capability 8.0 and up, and tested against a float64
loop in Pallas's interpreter and, program by program and address by address, on a machine that the
tests bring along. Speed only a GPU can show.

A scan that is cut reads A and b twice: 5 passes over memory instead of the least possible 3. A
*look-back* scan reads them once: each program publishes the map of its chunk and waits for those
of the chunks before it (Merrill and Garland 2016). It needs more than Pallas promises on Triton:
programs that start in order, so that none waits for one that never gets its turn; loads and stores
with acquire and release order between programs; and waiting in a loop until another program has
written. All three can look right in an interpreter, where programs run one by one, and hang or
race on a GPU, so it could only be trusted after long runs on one. It is not used here.
"""

from .recur import recur as recur
