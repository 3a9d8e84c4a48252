"""Run by the Python that has nbgrader, in a course folder: the scores in its gradebook, as JSON.

{student: {cell: points}}; points are null for what waits for a person.
"""

import json
import sys

from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as book:
    scores = {
        submission.student.id: {
            grade.name: grade.auto_score for part in submission.notebooks for grade in part.grades
        }
        for submission in book.assignment_submissions(sys.argv[1])
    }
print(json.dumps(scores))
