"""Run by the Python that has nbgrader, in a course folder: what its gradebook holds, as JSON.

python read_gradebook.py ps1     {student: {"cells": {cell: points or null}, "waits": [cells]}}

Points are null, and the cell waits, where a person has not graded yet.
"""

import json
import sys

from nbgrader.api import Gradebook


def read(name: str) -> dict:
    """The scores of one set: a person's points if there are any, else the machine's."""
    with Gradebook("sqlite:///gradebook.db") as book:
        return {
            submission.student.id: _one(submission)
            for submission in book.assignment_submissions(name)
        }


def _one(submission) -> dict:
    grades = [grade for part in submission.notebooks for grade in part.grades]
    waits = [grade.name for grade in grades if grade.needs_manual_grade]
    cells = {grade.name: None if grade.name in waits else grade.score for grade in grades}
    return {"cells": cells, "waits": waits}


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1])))
