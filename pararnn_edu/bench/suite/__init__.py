"""The suite behind `python -m pararnn_edu bench`.

spec.py       what a problem is, and what competes to solve it
grid.py       which problems there are
numbers.py    their numbers
exact.py      the same in float64
linear.py, forward.py, training.py, cudnn.py    the contenders
platforms.py  what depends on the device
measure.py    one problem: compiled, checked, timed in turns
worker.py     the same in a process of its own, for a flag of XLA
running.py    a whole run, within a budget
results.py    its file; schema.py what a file must hold; growth.py fitted powers
compare.py    two files
page.py       a page, from pictures.py and tables.py
show.py, command.py    what is seen on a terminal
"""
