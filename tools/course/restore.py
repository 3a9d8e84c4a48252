"""What a student handed in, with the tests and the given cells put back from the source.

The result has the source's cells in their order, the student's answers in them, and the student's
own cells where they stood. Every change is reported in words.
"""

from dataclasses import dataclass, field
from difflib import SequenceMatcher

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from .cells import graded, kind, name


class NotGradable(ValueError):
    """No marks can be given by machine, not even 0; the message says why and what to do."""


@dataclass
class Restored:
    """A notebook that can be run, and what had to be done to it."""

    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)


def restore(submitted: NotebookNode, source: NotebookNode) -> Restored:
    """Put a submission and the source together; `NotGradable` if its answers cannot be found."""
    notes: list[str] = []
    wanted = {name(cell): cell for cell in graded(source)}
    _check_release(submitted, source)
    _rename(submitted, source, wanted, notes)
    answers = _known(submitted, wanted, notes)
    cells, missing = [], []
    for extra, cell in _merged(submitted, source, answers):
        if not extra and kind(cell) in ("solution", "written"):
            answer = answers.get(name(cell))
            if answer is None:
                missing.append(name(cell))
            cells.append(_answered(cell, "" if answer is None else answer.source))
        else:
            cells.append(cell)
    if missing:
        notes.append(f"these answers are missing from the notebook: {', '.join(missing)}")
    _note_changes(answers, wanted, notes)
    notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=source.metadata, cells=cells)
    return Restored(notebook, notes)


def _check_release(submitted: NotebookNode, source: NotebookNode) -> None:
    theirs, ours = (nb.metadata.get("course", {}) for nb in (submitted, source))
    if theirs and theirs != ours:
        raise NotGradable(
            f"the notebook is {theirs.get('set')}, release {theirs.get('release')}; the course "
            f"folder has {ours['set']}, release {ours['release']}: another set, or another seed"
        )


def _rename(submitted: NotebookNode, source: NotebookNode, wanted: dict, notes: list[str]) -> None:
    """Where nbgrader's metadata were lost, find out from its place and text what each cell is."""
    answers = {n for n, cell in wanted.items() if kind(cell) in ("solution", "written")}
    present = {name(cell) for cell in submitted.cells}
    if answers & present:
        return
    released = [(name(cell), _as_released(cell)) for cell in source.cells]
    pairs = _align([text for _, text in released], [c.source.strip() for c in submitted.cells])
    for i, j in pairs:
        if released[i][0]:
            cell, model = submitted.cells[j], wanted[released[i][0]]
            if cell.cell_type == model.cell_type:
                cell.metadata["nbgrader"] = dict(model.metadata["nbgrader"])
    found = answers & {name(cell) for cell in submitted.cells}
    if found != answers:
        raise NotGradable(
            "the notebook has lost what nbgrader needs to know its cells (metadata), and "
            f"{len(answers - found)} of {len(answers)} answers could not be found by their place. "
            "Ask for the notebook as it was handed out, with the answers put into it"
        )
    notes.append(
        "nbgrader's metadata were lost; every answer was found again by its place. Please look"
    )


def _as_released(cell: NotebookNode) -> str:
    """About what students got: enough to recognise the cells between the answers."""
    head, *_ = cell.source.split("### BEGIN")
    return head.strip()


def _align(ours: list[str], theirs: list[str]) -> list[tuple[int, int]]:
    """Pairs of places: equal texts, and between two of them what begins alike or stands alone."""
    pairs = []
    for tag, i, i_end, j, j_end in SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        if tag in ("equal", "replace") and i_end - i == j_end - j:
            pairs += zip(range(i, i_end), range(j, j_end), strict=True)
        elif tag == "replace":
            pairs += [
                (a, b)
                for a in range(i, i_end)
                for b in range(j, j_end)
                if ours[a] and theirs[b].startswith(ours[a].split("\n")[0])
            ]
    return pairs


def _known(submitted: NotebookNode, wanted: dict, notes: list[str]) -> dict[str, NotebookNode]:
    """The submitted cells that the source knows, by name; of several with one name the last."""
    known: dict[str, NotebookNode] = {}
    for cell in submitted.cells:
        if name(cell) in wanted:
            if name(cell) in known:
                notes.append(f"the cell {name(cell)} is there twice; the last one counts")
                known[name(cell)].metadata.pop("nbgrader")
            known[name(cell)] = cell
    return known


def _merged(submitted: NotebookNode, source: NotebookNode, known: dict):
    """(is the student's own, cell) in order: the source's cells, each after it the extra ones.

    Code that the source gives to play with is taken as the student left it, or deleted it.
    """
    texts = {cell.source.strip() for cell in source.cells if cell.cell_type != "code"}
    extras: dict[str, list[NotebookNode]] = {}
    last = ""
    for cell in submitted.cells:
        if known.get(name(cell)) is cell:
            last = name(cell)
        elif cell.source.strip() and cell.source.strip() not in texts:
            extras.setdefault(last, []).append(cell)
    yield from ((True, _plain(cell)) for cell in extras.get("", []))
    for cell in source.cells:
        if name(cell) or cell.cell_type != "code":
            yield False, _copy(cell)
        if name(cell):
            yield from ((True, _plain(extra)) for extra in extras.get(name(cell), []))


def _plain(cell: NotebookNode) -> NotebookNode:
    make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    return make(cell.source)


def _copy(cell: NotebookNode) -> NotebookNode:
    fresh = _plain(cell)
    fresh.id, fresh.metadata = cell.id, NotebookNode(cell.metadata)
    return fresh


def _answered(cell: NotebookNode, answer: str) -> NotebookNode:
    cell.source = answer
    return cell


def _note_changes(answers: dict, wanted: dict, notes: list[str]) -> None:
    """Say which tests and given cells a student changed or deleted."""
    locked = [n for n, cell in wanted.items() if kind(cell) in ("tests", "given")]
    deleted = [n for n in locked if n not in answers]
    changed = [
        n for n in locked if n in answers and answers[n].source.strip() != _as_released(wanted[n])
    ]
    if deleted:
        notes.append(f"deleted, and put back: {', '.join(deleted)}")
    if changed:
        notes.append(f"changed, and put back: {', '.join(changed)}")
