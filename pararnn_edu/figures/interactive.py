"""What every interactive figure is made of: one piece of HTML that needs nothing but itself.

The templates hold the markup, the look and the behaviour; a figure adds its own controls, stage
and script. Ids, variables and styles stay within the figure's own element, so any number of
figures, and two copies of one, live on a page.
"""

import base64
import html
import json
import re
from importlib import resources

from . import style


class Interactive:
    """An interactive figure: shows itself as HTML where it can, as a picture where it cannot.

    `name` makes its ids; `kind` names its templates. `title`, `sentence` (what the first state
    shows) and `describe` (how to read the picture) are plain text; `parts` are HTML that its own
    template asks for; `data` goes to its script as JSON; `picture` is the first state as a plot,
    for PDF and for notebooks that are not trusted to run scripts.
    """

    def __init__(self, name, kind, *, title, sentence, describe, data, picture, **parts):
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise ValueError(
                f"name must be lower-case letters, digits and hyphens, such as 'ch3-front', "
                f"got {name!r}"
            )
        self.name, self.sentence, self._picture = name, sentence, picture
        texts = {"title": title, "sentence": sentence, "describe": describe}
        own = {"name": name, **{key: html.escape(text) for key, text in texts.items()}, **parts}
        self.html = fill(
            _template("base.html"),
            **own,
            css=fill(_template("base.css") + _template(f"{kind}.css"), **_LOOK),
            body=fill(_template(f"{kind}.html"), **own),
            data=_script_json(data),
            js=_template("base.js") + _template(f"{kind}.js"),
        )

    def png(self) -> bytes:
        """The first state as a picture."""
        return self._picture.png()

    def __repr__(self):
        return f"<interactive figure {self.name}: {self.sentence}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        del include, exclude
        return {
            "text/html": self.html,
            "image/png": base64.b64encode(self.png()).decode(),
            "text/plain": repr(self),
        }


def fill(template: str, **values) -> str:
    """Put values in place of {{name}}; a name without a value is a KeyError."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), template)


def slider(figure: str, name: str, label: str, value_text: str, *, last: int, value: int) -> str:
    """A labelled range over the whole numbers 0 to `last`."""
    return fill(
        _template("slider.html"),
        id=f"prf-{figure}-{name}",
        name=name,
        label=html.escape(label),
        last=last,
        value=value,
        value_text=html.escape(value_text),
    )


def choice(figure: str, name: str, label: str, options, chosen: int) -> str:
    """Radio buttons, one per option; nothing if there is nothing to choose."""
    if len(options) < 2:
        return ""
    buttons = "".join(
        f'<label><input type="radio" name="prf-{figure}-{name}" value="{index}" autocomplete="off"'
        f"{' checked' if index == chosen else ''}> {html.escape(option)}</label>"
        for index, option in enumerate(options)
    )
    return (
        f'<fieldset class="prf-choice" data-control="{name}">'
        f"<legend>{html.escape(label)}</legend>{buttons}</fieldset>"
    )


def _script_json(data) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _template(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text("utf-8")


_LOOK = {
    "ink": style.INK,
    "muted": style.MUTED,
    "faint": style.FAINT,
    "accent": style.ACCENT,
    "control": style.BLUE,
    "overflow": style.OVERFLOW,
    "ramp": ",".join(style.RAMP),
}
