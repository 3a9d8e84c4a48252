"""A Sphinx extension: API pages from docstrings, and off with what this book does not use."""

import importlib
import inspect

import sphinx_thebe
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

UNUSED = (sphinx_thebe.init_thebe_core, sphinx_thebe.update_thebe_context)


class Api(SphinxDirective):
    """Document the names in the content, one a line, such as `pr.solve`.

    The library's docstrings are Markdown, so they are parsed as the page around them is, which
    autodoc cannot do. The argument gives the module that the first part stands for.
    """

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        place = nodes.container()
        for name in self.content:
            thing = module
            for part in name.split(".")[1:]:
                thing = getattr(thing, part)
            self.env.note_dependency(inspect.getsourcefile(inspect.unwrap(thing)))
            lines = StringList(entry(name, thing), source=name)
            self.state.nested_parse(lines, self.content_offset, place)
        return place.children


def entry(name: str, thing) -> list[str]:
    """The Markdown of one name: its signature without annotations, and its docstring."""
    documented = inspect.getdoc(thing)
    if not documented:
        raise ValueError(f"{name} has no docstring")
    if inspect.isclass(thing) and issubclass(thing, Exception):
        head = f"py:exception}} {name}"
    else:
        kind = "class" if inspect.isclass(thing) else "function"
        head = f"py:{kind}}} {name}{signature(thing)}"
    return [f"`````{{{head}", *documented.splitlines(), "`````", ""]


def signature(thing) -> str:
    """The arguments and their defaults; shapes and types are told in the docstring."""
    found = inspect.signature(thing)
    bare = [p.replace(annotation=p.empty) for p in found.parameters.values() if p.name != "self"]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


def setup(app) -> dict:
    """Add the directive; drop thebe's scripts, which name another host."""
    app.add_directive("api", Api)
    app.setup_extension("sphinx_thebe")
    listeners = app.events.listeners
    for event in listeners:
        listeners[event] = [x for x in listeners[event] if x.handler not in UNUSED]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
