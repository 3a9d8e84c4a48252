"""The reproductions ledger: what the papers claim, what this book finds, and whether they agree.

The rows stand in `book/reproductions.toml`. What a paper says is typed there; what we found is
read: `ours` is filled in from a results file or from the stored output of a chapter, and a row
whose source has vanished, whose number has changed, or whose status the numbers deny is an error.

`rows.py` is a row, `sources.py` reads our numbers, `check.py` says what is wrong, `page.py` makes
the page of the book, and `python -m tools.reproductions` lists the rows and stores our numbers.
"""
