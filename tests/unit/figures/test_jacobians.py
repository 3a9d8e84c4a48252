import json
import re

import numpy as np
import pytest

from pararnn_edu.figures import cell_jacobians
from tests.unit.figures.samples import Outline

RNG = np.random.default_rng(0)
DIAGONAL = np.diag([0.5, -0.1, 1e-7])
BLOCK = np.kron(RNG.normal(size=(2, 2)), np.ones((3, 3))) * np.tile(np.eye(3), (2, 2))
CELLS = {"one": RNG.normal(size=(3, 3)), "two": DIAGONAL, "three": BLOCK}
FOUND = {"one": "dense", "two": "diagonal", "three": "block"}
PLANES = {"three": ("c", "h")}


def figure(name="cells", **options):
    return cell_jacobians(name, CELLS, FOUND, planes=PLANES, **options)


def data_of(shown) -> dict:
    [text] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', shown.html)
    return json.loads(text)


def test_self_contained_and_the_same_every_time():
    shown = figure()
    assert shown._repr_mimebundle_() == figure()._repr_mimebundle_()
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=|\{\{", shown.html)
    assert len(shown.html) < 60_000
    outline = Outline(shown.html)
    assert outline.open == [] and len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert outline.radios == {"prf-cells-cell"}
    assert not set(outline.ids) & set(Outline(figure("others").html).ids)


def test_entries_are_where_the_matrix_has_them():
    for cell, values in zip(data_of(figure())["cells"], CELLS.values(), strict=True):
        entries = np.array(cell["entries"])
        assert np.array_equal(np.sign(entries), np.sign(values))  # however small
        assert np.abs(entries).max() == 99


def test_costs_by_structure():
    cells = {cell["label"]: cell for cell in data_of(figure(sizes=(4, 64)))["cells"]}
    assert cells["one"]["costs"] == [["16", "80"], ["4,096", "266,240"]]
    assert cells["two"]["costs"] == [["4", "8"], ["64", "128"]]
    assert cells["three"]["costs"] == [["16", "48"], ["256", "768"]]  # of 8 and 128 numbers


def test_costs_are_those_of_the_library():
    """What `scans.affine` stores and multiplies, counted in its own program."""
    import jax
    import jax.numpy as jnp

    import pararnn_edu as pr

    n, d = 6, 3
    plane = jnp.ones(d)
    maps = {
        "diagonal": (pr.Diagonal(jnp.ones(n)), jnp.ones(n)),
        "block": (pr.Block2(plane, plane, plane, plane), (plane, plane)),
        "dense": (pr.Dense(jnp.ones((n, n))), jnp.ones(n)),
    }
    from pararnn_edu.figures.jacobians import COSTS
    from pararnn_edu.scans.affine import combine

    for structure, affine in maps.items():
        lines = jax.make_jaxpr(combine)(affine, affine).eqns
        products = sum(
            line.outvars[0].aval.size * (n if line.primitive.name == "dot_general" else 1)
            for line in lines
            if line.primitive.name in ("mul", "dot_general")
        )
        stored = sum(leaf.size for leaf in jax.tree.leaves(affine[0]))
        assert (stored, products) == tuple(cost(n, d) for cost in COSTS[structure])


def test_first_state():
    shown = figure(start="two", size=256)
    assert shown.sentence == (
        "two: diagonal. With 256 channels a step stores 256 numbers, and composing two steps "
        "takes 512 multiplications."
    )
    assert f'aria-live="polite">{shown.sentence}</p>' in shown.html
    assert re.search(r'aria-current="true"><th scope="row">two<', shown.html)
    assert shown.png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("cells", "found", "options", "message"),
    [
        ({"a": np.ones((2, 2))}, {"a": "diagonal"}, {}, "a is said to be diagonal, but has"),
        ({"a": np.ones((4, 4))}, {"a": "block"}, {"planes": {"a": "ch"}}, "said to be block"),
        ({"a": np.ones((2, 3))}, {"a": "dense"}, {}, r"no Jacobian \(2, 3\)"),
        ({"a": np.ones((3, 3))}, {"a": "dense"}, {"planes": {"a": "ch"}}, "state of 2 planes"),
        ({"a": np.ones((2, 2))}, {}, {}, "structure must be one of .*got None"),
        ({"a": np.ones((2, 2))}, {"a": "dense"}, {"start": "b"}, "start='b'.*choose from"),
        ({"a": np.ones((2, 2))}, {"a": "dense"}, {"size": 5}, "size=5"),
        ({}, {}, {}, "dictionary label -> values"),
    ],
)
def test_wrong_arguments_are_named(cells, found, options, message):
    with pytest.raises(ValueError, match=message):
        cell_jacobians("wrong", cells, found, **options)
