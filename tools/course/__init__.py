"""The course kit: problem sets made from one source, handed out, run in a jail, graded.

`python -m tools.course` lists the commands. From the source to the marks:

    sources, variants   exercises/psN/psN.md, its cells, and what a seed changes in them
    products            the students' notebook, the one that grades, the worked solution
    collect, restore    what was handed in, and its tests put back
    jail, watch, kernel, run
                        the notebook is run: limits, no network, hidden tests last
    marks, report       points for each cell, and what happened
    records             nbgrader: the gradebook, grading by hand, feedback
    grades, gradescope  CSV files for Canvas and Moodle, a zip for Gradescope
"""
