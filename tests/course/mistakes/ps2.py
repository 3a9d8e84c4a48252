"""Plausible wrong answers to problem set 2: answer -> [(code, cells lost)]."""

MISTAKES = {
    "iterates": [
        # Jacobi's iteration: the slopes are forgotten
        ("after_one, after_two = [3, -1, 17], [3, 4, -7]", {"after-one-shown", "after-two-hidden"}),
        # right once, then the run is taken for the second step
        ("after_one, after_two = [3, 3, -3], [3, 4, 8]", {"after-two-hidden"}),
    ],
    "right-after": [
        # a right state stays right, whatever stands before it
        (
            """matters = {1, 2}
right_after = {"g1": [0, 1, 2], "g2": [1, 0, 1], "g3": [1, 2, 0]}""",
            {"right-after-hidden"},
        ),
        # every number of the guess matters
        (
            """matters = {1, 2, 3}
right_after = {"g1": [0, 1, 2], "g2": [1, 2, 3], "g3": [1, 2, 3]}""",
            {"right-after-hidden"},
        ),
    ],
    "predicted": [
        # counts all bends, not those on one path
        (
            """predicted = {"A": (1, 3), "B": (3, 3), "C": (4, 4),
             "D": (3, 5), "E": (11, 11), "F": (5, 5)}""",
            {"predicted-newton-hidden", "predicted-quasi-hidden"},
        ),
        # quasi-Newton needs as many as Newton
        (
            """predicted = {"A": (1, 1), "B": (3, 3), "C": (3, 3),
             "D": (3, 3), "E": (2, 2), "F": (4, 4)}""",
            {"predicted-quasi-hidden"},
        ),
        # the kick at t = 1 is counted
        (
            """predicted = {"A": (1, 3), "B": (3, 3), "C": (4, 3),
             "D": (3, 5), "E": (2, 2), "F": (4, 4)}""",
            {"predicted-newton-hidden"},
        ),
    ],
    "newton-bound": [
        # how many bends there are, on paths or not
        (
            """def newton_bound(straight, bent):
    return None if np.diag(bent).any() else 1 + int(np.sum(bent))""",
            {"newton-bound-hidden"},
        ),
        # goes through the numbers once, in their order
        (
            """def newton_bound(straight, bent):
    d, level = len(bent), [1] * len(bent)
    for i in range(d):
        for j in range(d):
            if bent[i, j]:
                level[i] = max(level[i], level[j] + 1)
            elif straight[i, j]:
                level[i] = max(level[i], level[j])
    return None if np.diag(bent).any() else max(level)""",
            {"newton-bound-hidden"},
        ),
        # sees a bend on a cycle only if the arrow leads from a number to itself
        (
            """def newton_bound(straight, bent):
    level = np.ones(len(bent), int)
    for _ in range(len(bent)):
        level = np.maximum(level, np.maximum(np.where(straight, level, 0),
                                             np.where(bent, level + 1, 0)).max(axis=1))
    return None if np.diag(bent).any() else int(level.max())""",
            {"newton-bound-hidden"},
        ),
        # any ring is taken for a bend on a ring
        (
            """def newton_bound(straight, bent):
    one = np.eye(len(bent), dtype=int)
    reached = np.linalg.matrix_power((straight | bent).astype(int) + one, len(bent)) > 0
    if np.diag(bent).any() or (reached & reached.T & (one == 0)).any():
        return None
    level = np.ones(len(bent), int)
    for _ in range(len(bent)):
        level = np.maximum(level, np.maximum(np.where(straight, level, 0),
                                             np.where(bent, level + 1, 0)).max(axis=1))
    return int(level.max())""",
            {"newton-bound-shown", "newton-bound-hidden"},
        ),
    ],
    "bugs": [
        # two of first order mixed up
        (
            """bugs = {"S": "right", "R": "lost start", "V": "differences", "P": "shifted",
        "W": "kept", "U": "transposed", "Q": "diagonal"}""",
            {"bugs-linear-hidden"},
        ),
        # the small factor of the differences is taken for Newton's squaring
        (
            """bugs = {"S": "differences", "R": "lost start", "V": "right", "P": "transposed",
        "W": "kept", "U": "shifted", "Q": "diagonal"}""",
            {"bugs-tanh-hidden"},
        ),
    ],
    "accepts": [
        # one state number, no initial state, a linear recurrence: harmless for most bugs
        (
            """def accepts(newton_step):
    xs, hs = jnp.ones((5, 1)), jnp.zeros((5, 1))
    new = newton_step(lambda h, x: 0.5 * h + x, hs, xs, jnp.zeros(1))
    return bool(jnp.max(jnp.abs(new - 2 + 2 * 0.5 ** jnp.arange(1.0, 6)[:, None])) < 1e-8)""",
            {"accepts-wrong-hidden"},
        ),
        # iterates and looks whether it arrives: slow bugs arrive too
        (
            """def accepts(newton_step):
    M = jnp.array([[0.3, -0.2], [0.4, 0.1]])
    f = lambda h, x: jnp.tanh(M @ h + x)
    xs, hs, h0 = jnp.ones((4, 2)), jnp.zeros((4, 2)), jnp.array([0.5, -0.5])
    first = newton_step(f, hs, xs, h0)
    for _ in range(12):
        hs = newton_step(f, hs, xs, h0)
    arrived = jnp.max(jnp.abs(hs - pr.unroll(f, xs, h0))) < 1e-6
    jacobi = jax.vmap(f)(jnp.concatenate([h0[None], jnp.zeros((3, 2))]), xs)
    return bool(arrived) and bool(jnp.any(jnp.abs(first - jacobi) > 1e-9))""",
            {"accepts-wrong-hidden"},
        ),
        # asks for the same bits as one program
        (
            """def accepts(newton_step):
    M = jnp.array([[0.4, -1.3], [0.9, 0.6]])
    f = lambda h, x: jnp.tanh(M @ h + x)
    xs, hs = jnp.sin(jnp.arange(12.0)).reshape(6, 2), jnp.cos(jnp.arange(12.0)).reshape(6, 2)
    h0 = jnp.array([-0.9, 0.7])
    right = pr.solve(f, xs, h0, max_steps=1, initial_guess=hs, on_failure="return").states
    return bool(jnp.all(newton_step(f, hs, xs, h0) == right))""",
            {"accepts-right-hidden"},
        ),
    ],
    "implicit-step": [
        # forgets to divide the residual by the derivative
        (
            """def implicit_step(G, hs, xs, h0):
    old = jnp.concatenate([h0[None], hs[:-1]])
    P, Q = jax.vmap(jax.jacfwd(G, argnums=(0, 1)))(hs, old, xs)
    return hs + pr.linear_recurrence(-jnp.linalg.solve(P, Q), -jax.vmap(G)(hs, old, xs))""",
            {"implicit-shown", "implicit-hidden"},
        ),
        # Q P^-1 instead of P^-1 Q: the same for one number
        (
            """def implicit_step(G, hs, xs, h0):
    old = jnp.concatenate([h0[None], hs[:-1]])
    P, Q = jax.vmap(jax.jacfwd(G, argnums=(0, 1)))(hs, old, xs)
    A = -jnp.matmul(Q, jnp.linalg.inv(P))
    b = -jnp.matmul(jnp.linalg.inv(P), jax.vmap(G)(hs, old, xs)[..., None])[..., 0]
    return hs + pr.linear_recurrence(A, b)""",
            {"implicit-hidden"},
        ),
        # both derivatives at the state before
        (
            """def implicit_step(G, hs, xs, h0):
    old = jnp.concatenate([h0[None], hs[:-1]])
    P, Q = jax.vmap(jax.jacfwd(G, argnums=(0, 1)))(old, old, xs)
    b = -jnp.linalg.solve(P, jax.vmap(G)(hs, old, xs)[..., None])[..., 0]
    return hs + pr.linear_recurrence(-jnp.linalg.solve(P, Q), b)""",
            {"implicit-hidden"},
        ),
    ],
    "reach": [
        # the series of A instead of |A|
        (
            """reach = {("explicit", z): 1 / z for z in (0.25, 1, 50)}
reach |= {("implicit", z): (1 + z) / z for z in (0.25, 1, 50)}""",
            {"reach-hidden"},
        ),
        # the implicit factor is taken for 1 - z as well
        (
            """reach = {("explicit", 0.25): 4, ("explicit", 1): 1, ("explicit", 50): np.inf,
         ("implicit", 0.25): 4, ("implicit", 1): 1, ("implicit", 50): np.inf}""",
            {"reach-hidden"},
        ),
        # the formula also where the series does not converge: a finite number for infinity
        (
            """reach = {("explicit", z): 1 / (1 - abs(1 - z)) for z in (0.25, 1, 50)}
reach |= {("implicit", z): (1 + z) / z for z in (0.25, 1, 50)}""",
            {"reach-hidden"},
        ),
    ],
    "two-runs": [
        # one of them does not begin at h_0 = 0: it rests at 1
        ("one_run, other_run = jnp.zeros((6, 1)), jnp.ones((6, 1))", {"two-runs-shown"}),
        # the same run twice
        ("one_run, other_run = jnp.zeros((6, 1)), jnp.full((6, 1), 1e-13)", {"two-runs-shown"}),
    ],
    "guess-from": [
        # always the last one
        ("def guess_from(past):\n    return past[-1]", {"guess-from-shown", "guess-from-hidden"}),
        # a straight line whatever the history
        (
            "def guess_from(past):\n"
            "    return past[-1] if len(past) == 1 else 2 * past[-1] - past[-2]",
            {"guess-from-hidden"},
        ),
    ],
    "noisy": [
        # amplitudes, not variances, are added
        ("noisy = {1: 1, 2: 4, 3: 16}", {"noisy-hidden"}),
        # the error as if the solutions themselves were independent
        ("noisy = {1: 2, 2: 6, 3: 20}", {"noisy-hidden"}),
    ],
    "largest-update": [
        # 2 * steps instead of 2^steps: the same for one step and for two
        (
            """def largest_update(C, S, steps, tol):
    return (C * tol) ** (1 / max(1, 2 * steps)) / (C * S)""",
            {"largest-update-hidden"},
        ),
        # the constants are forgotten
        (
            "def largest_update(C, S, steps, tol):\n    return tol ** (1 / 2**steps) / S",
            {"largest-update-hidden"},
        ),
        # the error falls by a fixed factor
        (
            "def largest_update(C, S, steps, tol):\n    return tol / (C**steps * S)",
            {"largest-update-shown", "largest-update-hidden"},
        ),
    ],
    "bracket-step": [
        # divides by the width, also where it is zero
        (
            """def bracket_step(f, low, high, xs, h0):
    a, b = (jnp.concatenate([h0[None], h[:-1]]) for h in (low, high))
    f_a, f_b = jax.vmap(f)(a, xs), jax.vmap(f)(b, xs)
    J = jax.vmap(jax.jacfwd(f))(a, xs)[..., 0]
    new_low = low + pr.linear_recurrence(J, f_a - low)
    new_high = high + pr.linear_recurrence((f_b - f_a) / (b - a), f_b - high)
    return jnp.fmax(low, new_low), jnp.fmin(high, new_high)""",
            {"bracket-shown", "bracket-hidden", "bracket-kink-hidden"},
        ),
        # does not keep the old bracket where it was better
        (
            """def bracket_step(f, low, high, xs, h0):
    a, b = (jnp.concatenate([h0[None], h[:-1]]) for h in (low, high))
    f_a, f_b = jax.vmap(f)(a, xs), jax.vmap(f)(b, xs)
    J = jax.vmap(jax.jacfwd(f))(a, xs)[..., 0]
    chord = jnp.where(b > a, (f_b - f_a) / jnp.where(b > a, b - a, 1), J)
    return (low + pr.linear_recurrence(J, f_a - low),
            high + pr.linear_recurrence(chord, f_b - high))""",
            {"bracket-hidden"},
        ),
        # Newton from both ends: a tangent at the upper end lies below
        (
            """def bracket_step(f, low, high, xs, h0):
    new = []
    for h in (low, high):
        p = jnp.concatenate([h0[None], h[:-1]])
        J = jax.vmap(jax.jacfwd(f))(p, xs)[..., 0]
        new.append(h + pr.linear_recurrence(J, jax.vmap(f)(p, xs) - h))
    return jnp.maximum(low, new[0]), jnp.minimum(high, new[1])""",
            {"bracket-shown", "bracket-hidden", "bracket-kink-hidden"},
        ),
        # Jacobi's bracket: right, but slow
        (
            """def bracket_step(f, low, high, xs, h0):
    a, b = (jnp.concatenate([h0[None], h[:-1]]) for h in (low, high))
    return jnp.maximum(low, jax.vmap(f)(a, xs)), jnp.minimum(high, jax.vmap(f)(b, xs))""",
            {"bracket-shown", "bracket-hidden"},
        ),
    ],
    "outside": [
        # inputs for which the run stays where tanh is nearly straight
        (
            """xs_b = jnp.array([[0.01], [0.0], [0.0]])
low_b, high_b = -0.05 * jnp.ones((3, 1)), 0.1 * jnp.ones((3, 1))""",
            {"outside-hidden"},
        ),
        # no bracket to begin with
        (
            """xs_b = jnp.ones((3, 1))
low_b, high_b = 2 * jnp.ones((3, 1)), 3 * jnp.ones((3, 1))""",
            {"outside-hidden"},
        ),
    ],
}
