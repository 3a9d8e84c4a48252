"""A Sphinx extension: the reproductions page, made from the ledger each time the site is built."""

from collections import Counter

from docutils import nodes
from docutils.statemachine import StringList
from docutils.utils import unescape
from sphinx.util.docutils import SphinxDirective

from tools.reproductions.rows import LEDGER, STATUSES, Row, load

COLUMNS = {"claim": 25, "paper": 21, "here": 33, "status": 21}  # their widths in per cent
FILTER = """<fieldset class="ledger-filter"><legend>Show</legend>{boxes}</fieldset>"""
BOX = """<label><input type="checkbox" id="show-{key}" checked>
<span class="ledger-status ledger-{key}">{status}</span> {count}</label>"""


def key(status: str) -> str:
    """A status as a CSS class: `needs a GPU` is `needs-a-gpu`."""
    return nodes.make_id(status)


def anchor(heading: str) -> str:
    """The fragment under which the site has a section of a chapter."""
    return nodes.make_id(unescape(heading))


class Summary(SphinxDirective):
    """How many rows have each status, as boxes that show and hide them, and what each means."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(LEDGER))
        counts = Counter(row.status for row in load())
        boxes = "".join(BOX.format(key=key(s), status=s, count=counts[s]) for s in STATUSES)
        lines = [f"- **{status}** ({counts[status]}): {what}" for status, what in STATUSES.items()]
        place = nodes.container()
        self.state.nested_parse(StringList(lines, source=str(LEDGER)), self.content_offset, place)
        return [*place.children, nodes.raw("", FILTER.format(boxes=boxes), format="html")]


class Ledger(SphinxDirective):
    """The rows of one paper, or of several, as a table. The arguments are keys of the papers."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(LEDGER))
        papers = self.arguments[0].split()
        rows = [row for row in load() if row.paper in papers]
        if not rows:
            raise self.error(f"the ledger has no row of {papers}")
        group = nodes.tgroup("", *(nodes.colspec(colwidth=w) for w in COLUMNS.values()))
        group["cols"] = len(COLUMNS)
        head = nodes.row("", *(nodes.entry("", nodes.paragraph("", name)) for name in COLUMNS))
        group += [nodes.thead("", head), nodes.tbody("", *map(self.row, rows))]
        return [nodes.table("", group, classes=["ledger", "colwidths-given"])]

    def row(self, row: Row) -> nodes.row:
        """One claim."""
        place = row.place + (" (reported)" if row.reported else "")
        entries = (
            self.entry(row.claim),
            self.entry(row.theirs_in_words(), small(place)),
            self.entry(row.ours_in_words() or "–", *source(row), note=row.note_in_words()),
            self.entry("", status(row.status)),
        )
        return nodes.row("", *entries, classes=[f"ledger-row-{key(row.status)}"], ids=[row.id])

    def entry(self, text: str, *more: nodes.Node, note: str = "") -> nodes.entry:
        """A table cell: Markdown, what comes after it, and a note in Markdown."""
        entry = nodes.entry()
        self.markdown(text, entry)
        entry += more
        if note:
            entry += (place := nodes.container(classes=["ledger-note"]))
            self.markdown(note, place)
        return entry

    def markdown(self, text: str, into: nodes.Element) -> None:
        """Parse a line as the page around it is parsed."""
        self.state.nested_parse(StringList([text], source=str(LEDGER)), self.content_offset, into)


def small(*inside: str | nodes.Node) -> nodes.paragraph:
    """A line in small print."""
    inside = [nodes.Text(part) if isinstance(part, str) else part for part in inside]
    return nodes.paragraph("", "", *inside, classes=["ledger-small"])


def status(name: str) -> nodes.paragraph:
    """The status, as a word in a frame."""
    word = nodes.inline("", name, classes=["ledger-status", f"ledger-{key(name)}"])
    return nodes.paragraph("", "", word)


def source(row: Row) -> list[nodes.Node]:
    """Where our number comes from: a link to the section, and the file or the command."""
    lines = []
    if row.chapter:
        address = f"../chapters/{row.chapter}.html#{anchor(row.section)}"
        text = f"{_number(row.chapter)}: {row.section}"
        lines.append(small(nodes.reference("", text, refuri=address, internal=True)))
    if row.file:
        lines.append(small("from ", nodes.literal("", row.file.rpartition("/")[2])))
    if row.run:
        lines.append(small("by ", nodes.literal("", f"python -m {row.run}")))
    return lines


def _number(chapter: str) -> str:
    number = int(chapter.partition("_")[0])
    return f"Chapter {number}" if number < 90 else "Appendix"


def setup(app) -> dict:
    """Add the two directives and their style."""
    app.add_directive("ledger-summary", Summary)
    app.add_directive("ledger", Ledger)
    app.add_css_file("reproductions.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
