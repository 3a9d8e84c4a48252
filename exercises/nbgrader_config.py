"""nbgrader's settings for a course with these problem sets; copied into a new course folder."""

c = get_config()  # nbgrader puts this name there

# Seconds a cell may take before it is stopped. The first one imports jax, and that can take long.
c.Execute.timeout = 120

# By default nbgrader gives 0 points to a test cell that wrote anything to stderr, so that a mere
# warning from numpy or jax would cost a student the points. Errors still cost them.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "."

# A test cell that a student deleted is put back, and run.
c.OverwriteCells.add_missing_cells = True
