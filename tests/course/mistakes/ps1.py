"""Plausible wrong answers to problem set 1: answer -> [(code, cells lost)]."""

MISTAKES = {
    "residual": [
        # f at h_t instead of h_{t-1}
        (
            "def residual(f, hs, xs, h0):\n    return hs - jax.vmap(f)(hs, xs)",
            {"residual-by-hand", "residual-hidden"},
        ),
        # zeros before the first step, whatever h0
        (
            """def residual(f, hs, xs, h0):
    return hs - jax.vmap(f)(jnp.concatenate([0 * hs[:1], hs[:-1]]), xs)""",
            {"residual-hidden"},
        ),
    ],
    "wrong-step": [
        # the largest residual instead of the first
        (
            """def wrong_step(f, hs, xs, h0):
    r = hs - jax.vmap(f)(jnp.concatenate([h0[None], hs[:-1]]), xs)
    return int(jnp.argmax(jnp.max(jnp.abs(r), axis=1))) + 1""",
            {"wrong-step-hidden"},
        ),
        # an error has a sign
        (
            """def wrong_step(f, hs, xs, h0):
    r = hs - jax.vmap(f)(jnp.concatenate([h0[None], hs[:-1]]), xs)
    return int(jnp.argmax((r > 1e-9).any(axis=1))) + 1""",
            {"wrong-step-hidden"},
        ),
    ],
    "jacobi-count": [
        # stops on the step: the last iteration, which changes nothing, is counted too
        (
            """def jacobi_count(f, xs, h0, guess):
    hs, count, moved = guess, 0, 1.0
    while moved > 1e-9:
        new = jax.vmap(f)(jnp.concatenate([h0[None], hs[:-1]]), xs)
        hs, count, moved = new, count + 1, jnp.max(jnp.abs(new - hs))
    return count""",
            {"jacobi-count-shown", "jacobi-count-hidden"},
        ),
        # counts an iteration before it looks
        (
            """def jacobi_count(f, xs, h0, guess):
    run, hs, count = pr.unroll(f, xs, h0), guess, 0
    while True:
        hs = jax.vmap(f)(jnp.concatenate([h0[None], hs[:-1]]), xs)
        count += 1
        if jnp.max(jnp.abs(hs - run)) < 1e-9:
            return count""",
            {"jacobi-count-hidden"},
        ),
    ],
    "predicted": [
        # each of the two matrices squares to zero, so it must be 2
        (
            'predicted = {"A": 48, "B": 7, "C": 48, "D": 17, "E": 2, "F": 4}',
            {"predicted-hidden"},
        ),
    ],
    "resets": [
        # a reset at the first step, which starts from h_0 anyway
        (
            "def resets(m, T):\n    return jnp.zeros((T, 1)).at[::m].set(1)",
            {"resets-hidden"},
        ),
        # inputs of the wrong shape
        ("def resets(m, T):\n    return jnp.zeros(T).at[m::m].set(1)", {"resets-hidden"}),
    ],
    "newton-step": [
        # transposed Jacobians
        (
            """def newton_step(g, hs, xs, h0, h_before, at=None):
    def before(s):
        s = jnp.concatenate([h_before[None], h0[None], s])
        return s[1:-1], s[:-2]
    r = hs - jax.vmap(g)(*before(hs), xs)
    A, B = jax.vmap(jax.jacfwd(g, argnums=(0, 1)))(*before(hs if at is None else at), xs)
    d1, d2, out = 0 * h0, 0 * h0, []
    for t in range(len(hs)):
        d1, d2 = d1 @ A[t] + d2 @ B[t] - r[t], d1
        out.append(d1)
    return hs + jnp.stack(out)""",
            {"newton-step-hidden"},
        ),
        # Jacobians at h_t and h_{t-1} instead of h_{t-1} and h_{t-2}
        (
            """def newton_step(g, hs, xs, h0, h_before, at=None):
    def before(s):
        s = jnp.concatenate([h_before[None], h0[None], s])
        return s[2:], s[1:-1], s[:-2]
    r = hs - jax.vmap(g)(*before(hs)[1:], xs)
    A, B = jax.vmap(jax.jacfwd(g, argnums=(0, 1)))(*before(hs if at is None else at)[:2], xs)
    d1, d2, out = 0 * h0, 0 * h0, []
    for t in range(len(hs)):
        d1, d2 = A[t] @ d1 + B[t] @ d2 - r[t], d1
        out.append(d1)
    return hs + jnp.stack(out)""",
            {"newton-step-hidden", "newton-at-hidden"},
        ),
        # knows one step back only
        (
            """def newton_step(g, hs, xs, h0, h_before, at=None):
    s = jnp.concatenate([h_before[None], h0[None], hs])
    r = hs - jax.vmap(g)(s[1:-1], s[:-2], xs)
    A = jax.vmap(jax.jacfwd(g))(s[1:-1], s[:-2], xs)
    d, out = 0 * h0, []
    for t in range(len(hs)):
        d = A[t] @ d - r[t]
        out.append(d)
    return hs + jnp.stack(out)""",
            {"newton-step-linear", "newton-step-hidden", "newton-at-hidden"},
        ),
    ],
    "order": [
        # how far the states move, instead of how wrong they are afterwards
        (
            """def order(improve, solution, direction):
    a, b = solution + 1e-3 * direction, solution + 5e-4 * direction
    moved = lambda hs: jnp.max(jnp.abs(improve(hs) - hs))
    return float(jnp.log2(moved(a) / moved(b)))""",
            {"order-shown", "order-hidden"},
        ),
        # errors so small that a cube drowns in rounding
        (
            """def order(improve, solution, direction):
    after = lambda size: jnp.max(jnp.abs(improve(solution + size * direction) - solution))
    return float(jnp.log2(after(1e-6) / after(5e-7)))""",
            {"order-hidden"},
        ),
    ],
    "orders": [
        (
            """orders = {"newton": 2, "kept from a guess": 1,
          "kept from the solution": 1, "jacobi": 1}""",
            {"orders-hidden"},
        ),
    ],
    "newton-ends": [
        # each segment runs from the new end of the one before it: right, but sequential
        (
            """def newton_ends(f, xs, ends, h0):
    new = []
    for part in xs.reshape(len(ends), -1, *xs.shape[1:]):
        h0 = pr.unroll(f, part, h0)[-1]
        new.append(h0)
    return jnp.stack(new)""",
            {"newton-ends-hidden"},
        ),
        # the first segment from zero
        (
            """def newton_ends(f, xs, ends, h0):
    end_of = lambda s, part: pr.unroll(f, part, s)[-1]
    parts = xs.reshape(len(ends), -1, *xs.shape[1:])
    starts = jnp.concatenate([0 * ends[:1], ends[:-1]])
    images, slopes = jax.vmap(end_of)(starts, parts), jax.vmap(jax.jacfwd(end_of))(starts, parts)
    new, out = 0 * h0, []
    for s, image, slope in zip(starts, images, slopes):
        new = image + slope @ (new - s)
        out.append(new)
    return jnp.stack(out)""",
            {"newton-ends-hidden"},
        ),
        # Jacobi's update of the ends
        (
            """def newton_ends(f, xs, ends, h0):
    starts = jnp.concatenate([h0[None], ends[:-1]])
    parts = xs.reshape(len(ends), -1, *xs.shape[1:])
    return jax.vmap(lambda s, part: pr.unroll(f, part, s)[-1])(starts, parts)""",
            {"newton-ends-shown", "newton-ends-hidden"},
        ),
    ],
    "updates": [
        # Newton is faster, but takes what for a linear map?
        (
            'updates = {"register": (6, 2), "delay": (2, 2), "resets": (3, 2)}',
            {"updates-hidden"},
        ),
        # an error that leaves a segment may still be inside the next one
        (
            'updates = {"register": (6, 1), "delay": (1, 1), "resets": (2, 1)}',
            {"updates-hidden"},
        ),
    ],
    "best-segments": [
        # forgets the last pass
        (
            """def best_segments(T):
    return min((S for S in range(T, 0, -1) if T % S == 0), key=lambda S: T // S + S)""",
            {"best-segments-hidden"},
        ),
        # not every number divides T
        (
            "def best_segments(T):\n    return round((2 * T) ** 0.5)",
            {"best-segments-hidden"},
        ),
    ],
    "easy-and-hard": [
        # two easy inputs
        (
            "w, easy_xs, hard_xs = 4.0, jnp.ones((64, 1)), 0.9 * jnp.ones((64, 1))",
            {"easy-and-hard-shown"},
        ),
    ],
    "exponent": [
        # the weight is missing from J_t
        (
            """def exponent(w, xs, h0):
    run = pr.unroll(lambda h, x: jnp.tanh(w * h + x), xs, h0)
    return float(jnp.mean(jnp.log(1 - run**2)))""",
            {"exponent-hidden"},
        ),
    ],
    "is-chaos": [
        ("is_chaos = True", {"is-chaos-hidden"}),
    ],
    "fool": [
        # stops at once, and is right
        (
            """def fool(threshold):
    xs = jnp.ones((9, 1))
    return lambda h, x: h + x, xs, jnp.zeros(1), jnp.cumsum(xs, axis=0)""",
            {"fool-shown", "fool-hidden"},
        ),
        # a threshold of its own
        (
            """def fool(threshold):
    return lambda h, x: h + x, jnp.full((400, 1), 0.01), jnp.zeros(1), jnp.zeros((400, 1))""",
            {"fool-hidden"},
        ),
    ],
}
