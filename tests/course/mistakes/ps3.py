"""Plausible wrong answers to problem set 3: answer -> [(code, cells lost)]."""

MISTAKES = {
    "counterexample": [
        # every element once at most, in the order of the list
        (
            """def counterexample(op, elements):
    from itertools import combinations
    for a, b, c in combinations(elements, 3):
        if abs(op(op(a, b), c) - op(a, op(b, c))) > 1e-9:
            return a, b, c""",
            {"counterexample-hidden"},
        ),
        # asks for equality of floats
        (
            """def counterexample(op, elements):
    for a, b, c in product(elements, repeat=3):
        if op(op(a, b), c) != op(a, op(b, c)):
            return a, b, c""",
            {"counterexample-hidden"},
        ),
        # tests whether the order matters
        (
            """def counterexample(op, elements):
    for a, b, c in product(elements, repeat=3):
        if op(a, b) != op(b, a):
            return a, b, c""",
            {"counterexample-shown", "counterexample-hidden"},
        ),
    ],
    "associative": [
        # symmetric operations are taken for associative ones
        (
            """associative = {"A": True, "B": True, "C": True, "D": True,
               "E": False, "F": True, "G": False, "H": True}""",
            {"associative-hidden"},
        ),
        # a cut on one side is taken for a cut on both
        (
            """associative = {"A": True, "B": False, "C": False, "D": False,
               "E": True, "F": True, "G": False, "H": True}""",
            {"associative-hidden"},
        ),
    ],
    "merge": [
        # adds the sums without moving them to one maximum
        (
            """def merge(earlier, later):
    (m_1, z_1, w_1), (m_2, z_2, w_2) = earlier, later
    return jnp.maximum(m_1, m_2), z_1 + z_2, w_1 + w_2""",
            {"merge-shown", "merge-large-hidden", "merge-masked-hidden"},
        ),
        # no maximum is subtracted
        (
            """def merge(earlier, later):
    (m_1, z_1, w_1), (m_2, z_2, w_2) = earlier, later
    by_1, by_2 = jnp.exp(m_1), jnp.exp(m_2)
    z, w = by_1 * z_1 + by_2 * z_2, by_1[:, None] * w_1 + by_2[:, None] * w_2
    return jnp.zeros_like(m_1), z, w""",
            {"merge-large-hidden"},
        ),
        # the maximum of the later block: overflows where scores fall
        (
            """def merge(earlier, later):
    (m_1, z_1, w_1), (m_2, z_2, w_2) = earlier, later
    by = jnp.exp(m_1 - m_2)
    return m_2, by * z_1 + z_2, by[:, None] * w_1 + w_2""",
            {"merge-large-hidden", "merge-masked-hidden"},
        ),
        # infinity minus infinity
        (
            """def merge(earlier, later):
    (m_1, z_1, w_1), (m_2, z_2, w_2) = earlier, later
    m = jnp.maximum(m_1, m_2)
    by_1, by_2 = jnp.exp(m_1 - m), jnp.exp(m_2 - m)
    return m, by_1 * z_1 + by_2 * z_2, by_1[:, None] * w_1 + by_2[:, None] * w_2""",
            {"merge-masked-hidden"},
        ),
    ],
    "segmented": [
        # the flag of the earlier block is lost
        (
            """def segmented(op):
    return lambda p, q: (q[0], q[1] if q[0] else op(p[1], q[1]))""",
            {"segmented-hidden"},
        ),
        # looks at the wrong flag
        (
            """def segmented(op):
    return lambda p, q: (p[0] or q[0], q[1] if p[0] else op(p[1], q[1]))""",
            {"segmented-shown", "segmented-hidden"},
        ),
        # the flag of a block is that of its first element
        (
            """def segmented(op):
    return lambda p, q: (p[0], q[1] if q[0] else op(p[1], q[1]))""",
            {"segmented-hidden"},
        ),
    ],
    "wrong-cells": [
        # every scan is wrong in the same places
        (
            'wrong_cells = {"sequential": 0, "hillis_steele": 3, "blelloch": 3}',
            {"wrong-cells-hidden"},
        ),
        # all elements after the first lost flag
        (
            'wrong_cells = {"sequential": 5, "hillis_steele": 5, "blelloch": 5}',
            {"wrong-cells-hidden"},
        ),
    ],
    "compose-clips": [
        # the later bounds only
        (
            """def compose_clips(earlier, later):
    (c_1, l_1, u_1), (c_2, l_2, u_2) = earlier, later
    return c_1 + c_2, l_2, u_2""",
            {"compose-clips-shown", "compose-clips-hidden"},
        ),
        # the narrower of the two ranges: right unless they do not meet
        (
            """def compose_clips(earlier, later):
    (c_1, l_1, u_1), (c_2, l_2, u_2) = earlier, later
    return c_1 + c_2, jnp.maximum(l_1 + c_2, l_2), jnp.minimum(u_1 + c_2, u_2)""",
            {"compose-clips-hidden"},
        ),
        # the first range is not shifted
        (
            """def compose_clips(earlier, later):
    (c_1, l_1, u_1), (c_2, l_2, u_2) = earlier, later
    return c_1 + c_2, jnp.clip(l_1, l_2, u_2), jnp.clip(u_1, l_2, u_2)""",
            {"compose-clips-shown", "compose-clips-hidden"},
        ),
    ],
    "sizes": [
        # anything piecewise doubles
        (
            """sizes = {"A": "constant", "B": "exponential", "C": "exponential", "D": "exponential",
         "E": "exponential", "F": "constant", "G": "constant"}""",
            {"sizes-hidden"},
        ),
        # only affine maps can be scanned
        (
            """sizes = {"A": "linear", "B": "linear", "C": "exponential", "D": "linear",
         "E": "exponential", "F": "exponential", "G": "constant"}""",
            {"sizes-hidden"},
        ),
    ],
    "tree-costs": [
        # hands something to the finished elements too, and counts every stage down
        (
            """tree_costs = {}
for r in (2, 4, 8, 64):
    k = round(log2(4096) / log2(r))
    tree_costs[r] = 2 * 4096 - 2, k * r""",
            {"tree-costs-hidden"},
        ),
        # a group of r is joined in one level
        (
            """tree_costs = {}
for r in (2, 4, 8, 64):
    k = round(log2(4096) / log2(r))
    tree_costs[r] = 2 * 4096 - 2 - k * (r - 1), 2 * k - 1""",
            {"tree-costs-hidden"},
        ),
    ],
    "tree-schedule": [
        # one level for each group instead of one for all
        (
            """def tree_schedule(n, r):
    up, down, reach = [], [], 1
    while reach < n:
        for s in range(0, n, reach * r):
            for j in range(2, r + 1):
                up.append([(s + j * reach - 1, s + (j - 1) * reach - 1)])
        pairs = [(s + j * reach - 1, s - 1)
                 for s in range(reach * r, n, reach * r) for j in range(1, r)]
        down, reach = [*down, pairs], reach * r
    return up + [level for level in down[::-1] if level]""",
            {"tree-schedule-hidden"},
        ),
        # stages down in the order of the stages up
        (
            """def tree_schedule(n, r):
    up, down, reach = [], [], 1
    while reach < n:
        size = reach * r
        for j in range(2, r + 1):
            up.append([(s + j * reach - 1, s + (j - 1) * reach - 1) for s in range(0, n, size)])
        if size < n:
            down.append([(s + j * reach - 1, s - 1)
                         for s in range(size, n, size) for j in range(1, r)])
        reach = size
    return up + down""",
            {"tree-schedule-shown", "tree-schedule-hidden"},
        ),
        # an empty level at the end of the way up
        (
            """def tree_schedule(n, r):
    up, down, reach = [], [], 1
    while reach < n:
        size = reach * r
        for j in range(2, r + 1):
            up.append([(s + j * reach - 1, s + (j - 1) * reach - 1) for s in range(0, n, size)])
        down.append([(s + j * reach - 1, s - 1) for s in range(size, n, size) for j in range(1, r)])
        reach = size
    return up + down[::-1]""",
            {"tree-schedule-hidden"},
        ),
    ],
    "best-width": [
        # barriers are forgotten
        (
            """def best_width(n, barrier):
    choices = [(r, k) for r in range(2, n + 1) for k in range(1, 20) if r**k == n]
    return min(choices, key=lambda c: (c[0] * c[1], -c[0]))[0]""",
            {"best-width-hidden"},
        ),
        # divisors that are no roots
        (
            """def best_width(n, barrier):
    choices = [r for r in range(2, n + 1) if n % r == 0]
    return min(choices, key=lambda r: log2(n) / log2(r) * (r + 2 * barrier))""",
            {"best-width-hidden"},
        ),
        # the widest tree has the fewest barriers
        (
            "def best_width(n, barrier):\n    return n",
            {"best-width-shown", "best-width-hidden"},
        ),
    ],
    "first-lost": [
        # looks at the last term, not at the sum
        ("first_lost, lost_by_reset = 128, 81", {"first-lost-hidden"}),
        # the reset spoils one step
        ("first_lost, lost_by_reset = 127, 1", {"first-lost-hidden"}),
    ],
    "log-scan": [
        # the shortcut in logarithms: cumulative sums instead of a composition
        (
            """def log_scan(log_a, log_b):
    P = jnp.cumsum(log_a)
    return P + lax.cumlogsumexp(log_b - P)""",
            {"log-scan-hidden"},
        ),
        # the gate of the earlier map
        (
            """def log_scan(log_a, log_b):
    def compose(p, q):
        return p[0] + q[0], jnp.logaddexp(p[0] + p[1], q[1])
    return lax.associative_scan(compose, (log_a, log_b))[1]""",
            {"log-scan-shown", "log-scan-hidden"},
        ),
        # leaves the logarithms in between
        (
            """def log_scan(log_a, log_b):
    def compose(p, q):
        return p[0] + q[0], jnp.log(jnp.exp(q[0] + p[1]) + jnp.exp(q[1]))
    return lax.associative_scan(compose, (log_a, log_b))[1]""",
            {"log-scan-hidden"},
        ),
        # the logarithm of a sum is no sum of logarithms
        (
            """def log_scan(log_a, log_b):
    def compose(p, q):
        return p[0] + q[0], q[0] + p[1] + q[1]
    return lax.associative_scan(compose, (log_a, log_b))[1]""",
            {"log-scan-shown", "log-scan-hidden"},
        ),
    ],
    "at-least": [
        # work alone
        ("def at_least(n, p):\n    return -(-(n - 1) // p)", {"at-least-hidden"}),
        # rounds down
        ("def at_least(n, p):\n    return (2 * n - 2) // (p + 1)", {"at-least-hidden"}),
    ],
    "processor-schedule": [
        # p equal chunks, everything twice
        (
            """def processor_schedule(n, p):
    size = -(-n // p)
    starts = [min(n, c * size) for c in range(p + 1)]
    chunks = [range(a, b) for a, b in zip(starts, starts[1:])]
    levels = [[(c[j], c[j] - 1) for c in chunks if j < len(c)] for j in range(1, size)]
    levels += [[(c[-1], c[0] - 1)] for c in chunks[1:] if len(c)]
    levels += [[(c[j], c[0] - 1) for c in chunks[1:] if j < len(c) - 1] for j in range(size)]
    return [level for level in levels if level]""",
            {"processor-hidden"},
        ),
        # the library's chunks: one level hands everything down
        (
            """def processor_schedule(n, p):
    from pararnn_edu.scans import schedules
    return schedules.chunked(n, -(-n // p))""",
            {"processor-shown", "processor-hidden"},
        ),
        # one processor does it all
        (
            "def processor_schedule(n, p):\n    return [[(i, i - 1)] for i in range(1, n)]",
            {"processor-hidden"},
        ),
    ],
}
