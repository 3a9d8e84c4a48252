"""Plausible wrong answers to problem set 6: answer -> [(code, cells lost)]."""

MISTAKES = {
    "exactly-one": [
        # right, and as deep as the word is long
        (
            """def exactly_one(bits):
    one, many = bits[0], 0
    for bit in bits[1:]:
        one, many = one | bit, many | (one & bit)
    return one if len(bits) == 1 else one & ~many""",
            {"exactly-one-hidden"},
        ),
        # exclusive or: an odd number of ones
        (
            """def exactly_one(bits):
    if len(bits) == 1:
        return bits[0]
    half = len(bits) // 2
    return exactly_one(bits[:half]) ^ exactly_one(bits[half:])""",
            {"exactly-one-shown", "exactly-one-hidden"},
        ),
        # all pairs: shallow, and too large
        (
            """def exactly_one(bits):
    tree = lambda part: part[0] if len(part) == 1 else (
        tree(part[: len(part) // 2]) | tree(part[len(part) // 2 :]))
    pairs = [a & b for i, a in enumerate(bits) for b in bits[:i]]
    return tree(bits) & ~tree(pairs) if pairs else bits[0]""",
            {"exactly-one-hidden"},
        ),
    ],
    "exactly-one-flat": [
        # all pairs
        (
            """def exactly_one_flat(bits):
    pairs = [a & b for i, a in enumerate(bits) for b in bits[:i]]
    return any_of(bits) & ~any_of(pairs)""",
            {"exactly-one-flat-hidden"},
        ),
    ],
    "fraction": [
        # later matrices on the right
        (
            """def fraction(xs):
    def times(A, B):
        return [[A[i][0] * B[0][j] + A[i][1] * B[1][j] for j in (0, 1)] for i in (0, 1)]
    def tree(part):
        if len(part) == 1:
            return [[part[0], 1], [1, 0]]
        return times(tree(part[: len(part) // 2]), tree(part[len(part) // 2 :]))
    total = tree(xs)
    return total[0][0], total[1][0]""",
            {"fraction-shown", "fraction-hidden"},
        ),
        # step by step
        (
            """def fraction(xs):
    p, q = xs[0], 1
    for x in xs[1:]:
        p, q = x * p + q, p
    return p, q""",
            {"fraction-hidden"},
        ),
    ],
    "clamps": [
        # the floor of the first is carried along, and the second's ceiling forgotten
        (
            """def two_clamps(first, second):
    (x1, l1, u1), (x2, l2, u2) = first, second
    return x1 + x2, jnp.maximum(l1 + x2, l2), jnp.minimum(u1 + x2, u2)""",
            {"clamps-hidden"},
        ),
        # the walls of the first are not moved by the second
        (
            """def two_clamps(first, second):
    (x1, l1, u1), (x2, l2, u2) = first, second
    return x1 + x2, jnp.maximum(l1, l2), jnp.minimum(u1, u2)""",
            {"clamps-hidden"},
        ),
        # the second step first
        (
            """def two_clamps(first, second):
    (x2, l2, u2), (x1, l1, u1) = first, second
    through = lambda h: jnp.minimum(jnp.maximum(h + x2, l2), u2)
    return x1 + x2, through(l1), through(u1)""",
            {"clamps-shown", "clamps-hidden"},
        ),
    ],
    "closed": [
        # nonlinear, so no
        (
            'closed = {"A": False, "B": False, "C": False, "D": True, "E": True, "F": True}',
            {"closed-hidden"},
        ),
        # |h + x| has two pieces, as the relu has
        (
            'closed = {"A": True, "B": True, "C": False, "D": True, "E": True, "F": True}',
            {"closed-hidden"},
        ),
    ],
    "mountains": [
        # mountains one after the other
        (
            'mountains = {"one mountain": 50, "many mountains": 48, "a valley": 1}',
            {"mountains-hidden"},
        ),
        # the relu is piecewise linear, so a few steps do
        (
            'mountains = {"one mountain": 2, "many mountains": 2, "a valley": 1}',
            {"mountains-hidden"},
        ),
    ],
    "first-wrong": [
        # one too early: 2^p is still there, and even
        (
            'first_wrong = {"float16": 2048, "bfloat16": 256, "float32": 16777216}',
            {"first-wrong-hidden"},
        ),
        # the bits that are stored
        (
            'first_wrong = {"float16": 1025, "bfloat16": 129, "float32": 8388609}',
            {"first-wrong-hidden"},
        ),
    ],
    "long-life": [
        # counts by ones, from the other end
        ("long_life = (1.0, 1.0, -2048.0)", {"longer-life"}),
        # the obvious counter
        ("long_life = (1.0, 1.0, 0.0)", {"long-life-shown", "longer-life"}),
    ],
    "reflections": [
        # neighbours only, as in sorting: right, and too many
        (
            """def reflections(where):
    n, keys, goal = len(where), [], list(where)
    for _ in range(n):
        for i in range(n - 1):
            if goal[i] > goal[i + 1]:
                goal[i], goal[i + 1] = goal[i + 1], goal[i]
                key = np.zeros(n)
                key[i], key[i + 1] = 0.5**0.5, -(0.5**0.5)
                keys.append(key)
    return keys""",
            {"reflections-hidden"},
        ),
        # the inverse permutation
        (
            """def reflections(where):
    n, keys, seen = len(where), [], set()
    for first in range(n):
        place = where[first]
        while first not in seen and place != first:
            key = np.zeros(n)
            key[first], key[place] = 0.5**0.5, -(0.5**0.5)
            keys.append(key)
            seen.add(place)
            place = where[place]
    return keys[::-1]""",
            {"reflections-shown", "reflections-hidden"},
        ),
    ],
    "at-most": [
        # forgets the identity
        ("at_most = {1: 10, 2: 45, 3: 95}", {"at-most-hidden"}),
        # exactly m
        ("at_most = {1: 10, 2: 35, 3: 50}", {"at-most-hidden"}),
    ],
    "brackets": [
        # only counts: accepts )(
        (
            """bracket_V, bracket_c = [[1, 0, 1], [-1, 0, -1]], [0, 0]
bracket_U = [[1, -1], [0, 0]]""",
            {"brackets-shown", "brackets-hidden"},
        ),
        # a mistake doubles with every letter
        (
            """bracket_V, bracket_c = [[1, 0, 1], [-1, 0, -1], [0, 1, 0], [0, 1, 0]], [0] * 4
bracket_U = [[1, 0, 0, 0], [0, 1, 1, 1]]""",
            {"brackets-hidden"},
        ),
    ],
    "crossed": [
        # balanced
        ('crossed = "([])"', {"crossed-shown"}),
    ],
    "as-graph": [
        # runs the automaton, and writes down where it went
        (
            """def as_graph(table, start, accepting, word):
    state, edges = start, {}
    for t, letter in enumerate(word):
        state = table[state][letter]
        edges[t + 1] = t + 2
    n = len(word) + 1
    if state in accepting:
        edges[n] = n + 1
    return theory.graphs.Instance(edges, 1, n + 1)""",
            {"as-graph-hidden"},
        ),
        # one accepting state is the target
        (
            """def as_graph(table, start, accepting, word):
    S = len(table)
    vertex = lambda t, state: t * S + state + 1
    edges = {vertex(t, state): vertex(t + 1, table[state][letter])
             for t, letter in enumerate(word) for state in range(S)}
    return theory.graphs.Instance(edges, vertex(0, start), vertex(len(word), accepting[0]))""",
            {"as-graph-hidden"},
        ),
    ],
    "program": [
        # "not" adds an instruction
        (
            """def program(formula, target):
    if isinstance(formula, int):
        return [(formula, target, identity)]
    if formula[0] == "not":
        return [*program(formula[1], inverse(target)), (0, target, target)]
    a, b = next((a, b) for a in three_cycles for b in three_cycles if commutator(a, b) == target)
    f, g = formula[1:]
    return program(f, a) + program(g, b) + program(f, inverse(a)) + program(g, inverse(b))""",
            {"program-hidden"},
        ),
        # "not" with the target where its inverse belongs
        (
            """def program(formula, target):
    if isinstance(formula, int):
        return [(formula, target, identity)]
    if formula[0] == "not":
        *body, (variable, yes, no) = program(formula[1], target)
        return [*body, (variable, then(yes, target), then(no, target))]
    a, b = next((a, b) for a in three_cycles for b in three_cycles if commutator(a, b) == target)
    f, g = formula[1:]
    return program(f, a) + program(g, b) + program(f, inverse(a)) + program(g, inverse(b))""",
            {"program-hidden"},
        ),
        # a product is no "and"
        (
            """def program(formula, target):
    if isinstance(formula, int):
        return [(formula, target, identity)]
    if formula[0] == "not":
        *body, (variable, yes, no) = program(formula[1], inverse(target))
        return [*body, (variable, then(yes, target), then(no, target))]
    return program(formula[1], inverse(target)) + program(formula[2], inverse(target))""",
            {"program-shown", "program-hidden"},
        ),
    ],
}
