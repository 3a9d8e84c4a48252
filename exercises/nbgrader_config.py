"""nbgrader's settings for a course with these problem sets; copied into a new course folder."""

import sys

sys.path.insert(0, "/path/to/the/book")  # filled in by `make release`

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    GetGrades,
    LimitOutput,
    SaveAutoGrades,
)
from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from tools.course.preprocessors import HideTests, RunInJail

c = get_config()  # nbgrader puts this name there

# Students' code is run in a jail, not by nbgrader's own `Execute`, which gives it all your rights.
# So it is also when you press the button in the Formgrader instead of saying `make grade`.
c.Autograde.autograde_preprocessors = [
    RunInJail,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.RunInJail.python = "/path/to/its/python"

# Feedback shows whether a hidden test passed, and its hints. Without HideTests it shows the tests.
c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]

# A test cell that a student deleted is put back, and run.
c.OverwriteCells.add_missing_cells = True

