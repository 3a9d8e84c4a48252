"""Small pieces of code that the grader runs in the student's kernel, between the student's cells.

They cannot be made safe from a student who sets out to forge marks, for they share one Python with
the student's code. They do undo what goes wrong by accident, and the crudest tricks.
"""

_PIECE = """
def _piece():
    import importlib, sys
    from IPython import get_ipython
    shell = get_ipython()
    names = shell.user_ns
    {body}

_piece()
"""

_START = """
    shell.ask_exit = lambda: None
"""
_REMEMBER = """
    kept = {{name: value for name, value in names.items() if name != "_piece"}}
    sys.modules.setdefault("_places", {{}})[{place!r}] = kept
"""
_RECALL = """
    then = sys.modules["_places"][{place!r}]
    names.clear()
    names.update(then, _piece=None)
"""
_FRESH = """
    shell.ast_transformers.clear()
    shell.input_transformers_post.clear()
    loaded = [name for name in sys.modules if (name + ".").startswith("pararnn_edu.check.")]
    for name in loaded:
        del sys.modules[name]
    if loaded:
        names["check"] = importlib.import_module("pararnn_edu.check")
    for name, value in list(names.items()):
        if type(value) is type(sys) and value.__name__ in loaded:
            names[name] = importlib.import_module(value.__name__)
"""


def start() -> str:
    """Let `exit()` end nothing: the kernel would be gone a moment later, in another cell."""
    return _PIECE.format(body=_START)


def remember(place: str) -> str:
    """Keep the names that there are at this place, for a hidden cell that runs later."""
    return _PIECE.format(body=_REMEMBER.format(place=place))


def recall(place: str) -> str:
    """Bring back the names that there were at that place, and no others."""
    return _PIECE.format(body=_RECALL.format(place=place))


def fresh() -> str:
    """Load the checks from the package again, and drop hooks that change a cell before it runs."""
    return _PIECE.format(body=_FRESH)
