"""Plausible wrong answers to problem set 5: answer -> [(code, cells lost)]."""

MISTAKES = {
    "by-hand": [
        # J_t in the place of J_{t+1}
        (
            """three_lambdas = [2 + 3 * (6 + 5 * -12), 6 + 5 * -12, -12]
by_input = [-2 * three_lambdas[0], -2 * three_lambdas[1], 72]
by_start = 3 * three_lambdas[0]""",
            {"by-hand-hidden"},
        ),
        # an input acts with slope h_{t-1}, not -h_{t-1}
        (
            "three_lambdas = [-208, -42, -12]\nby_input = [416, 84, -72]\nby_start = -624",
            {"by-hand-shown", "by-hand-hidden"},
        ),
    ],
    "uphill": [
        # the signs differ, but the diagonal is the smaller part
        (
            """uphill_M = [[0.2, -0.6], [-0.6, 0.2]]
uphill_xs = [[1.0, 1.0], [0.0, 0.0]]
uphill_gs = [[0.0, 0.0], [1.0, 1.0]]""",
            {"uphill-shown"},
        ),
        # a loss on all steps: the direct term has the same sign in both
        (
            """uphill_M = [[0.5, -0.3], [-0.3, 0.5]]
uphill_xs = [[1.0, 1.0], [1.0, 1.0]]
uphill_gs = [[1.0, 1.0], [1.0, 1.0]]""",
            {"uphill-shown"},
        ),
    ],
    "two-step-adjoint": [
        # B of the next step instead of the one after it
        (
            """def two_step_adjoint(A, B, slopes):
    T, d = slopes.shape
    after = lambda M: jnp.concatenate([M, jnp.zeros((1, d, d))])[1:].mT
    keep = jnp.broadcast_to(jnp.eye(d), (T, d, d))
    C = jnp.block([[after(A), after(B)], [keep, 0 * keep]])
    b = jnp.concatenate([slopes, 0 * slopes], axis=1)
    return pr.linear_recurrence(C, b, reverse=True)[:, :d]""",
            {"two-step-adjoint-hidden"},
        ),
        # not transposed
        (
            """def two_step_adjoint(A, B, slopes):
    T, d = slopes.shape
    beyond = jnp.zeros((2, d, d))
    keep = jnp.broadcast_to(jnp.eye(d), (T, d, d))
    A_next = jnp.concatenate([A, beyond])[1 : T + 1]
    B_after = jnp.concatenate([B, beyond])[2 : T + 2]
    C = jnp.block([[A_next, B_after], [keep, 0 * keep]])
    b = jnp.concatenate([slopes, 0 * slopes], axis=1)
    return pr.linear_recurrence(C, b, reverse=True)[:, :d]""",
            {"two-step-adjoint-hidden"},
        ),
        # hears from the next step only
        (
            """def two_step_adjoint(A, B, slopes):
    return pr.linear_recurrence(jnp.concatenate([A[1:], 0 * A[:1]]).mT, slopes, reverse=True)""",
            {"two-step-adjoint-shown", "two-step-adjoint-hidden"},
        ),
    ],
    "read-off": [
        # h_0 through step 1 only
        (
            """def read_off(g, theta, hs, xs, h0, h_before, lam):
    padded = jnp.concatenate([h_before[None], h0[None], hs])
    pull = lambda h1, h2, x, lam_t: jax.vjp(g, theta, h1, h2, x)[1](lam_t)
    d_theta, d_one, d_two, d_xs = jax.vmap(pull)(padded[1:-1], padded[:-2], xs, lam)
    return jax.tree.map(lambda a: a.sum(0), d_theta), d_xs, d_one[0], d_two[0]""",
            {"read-off-shown", "read-off-hidden"},
        ),
        # fails for a single step
        (
            """def read_off(g, theta, hs, xs, h0, h_before, lam):
    padded = jnp.concatenate([h_before[None], h0[None], hs])
    pull = lambda h1, h2, x, lam_t: jax.vjp(g, theta, h1, h2, x)[1](lam_t)
    d_theta, d_one, d_two, d_xs = jax.vmap(pull)(padded[1:-1], padded[:-2], xs, lam)
    d_theta = jax.tree.map(lambda a: a.sum(0), d_theta)
    return d_theta, d_xs, d_one[0] + d_two[1], d_two[0]""",
            {"read-off-hidden"},
        ),
    ],
    "pendulums-back": [
        # undoes the first line first, with the angle of the wrong time
        (
            """def pendulums_back(theta, h, x):
    (gamma, W), (q, p) = theta, h
    before = (p - 0.3 * (x - W @ jnp.sin(q))) / gamma
    return q - 0.3 * before, before""",
            {"undone-shown"},
        ),
    ],
    "reversed-gradient": [
        # the product at the state after the step
        (
            """def reversed_gradient(f, f_back, theta, last, xs, slope):
    def back(carry, x):
        h, lam, total = carry
        d_theta, lam = jax.vjp(lambda w, s: f(w, s, x), theta, h)[1](lam)
        return (f_back(theta, h, x), lam, jax.tree.map(jnp.add, total, d_theta)), None
    zero = jax.tree.map(jnp.zeros_like, theta)
    _, lam, total = lax.scan(back, (last, slope, zero), xs, reverse=True)[0]
    return total, lam""",
            {"reversed-hidden"},
        ),
        # the inputs from the left
        (
            """def reversed_gradient(f, f_back, theta, last, xs, slope):
    def back(carry, x):
        h, lam, total = carry
        before = f_back(theta, h, x)
        d_theta, lam = jax.vjp(lambda w, s: f(w, s, x), theta, before)[1](lam)
        return (before, lam, jax.tree.map(jnp.add, total, d_theta)), None
    zero = jax.tree.map(jnp.zeros_like, theta)
    _, lam, total = lax.scan(back, (last, slope, zero), xs)[0]
    return total, lam""",
            {"reversed-hidden"},
        ),
        # makes all states again, keeps them, and then goes back
        (
            """def reversed_gradient(f, f_back, theta, last, xs, slope):
    again = lambda h, x: (f_back(theta, h, x),) * 2
    before = lax.scan(again, last, xs, reverse=True)[1]
    def back(carry, now):
        (lam, total), (h, x) = carry, now
        d_theta, lam = jax.vjp(lambda w, s: f(w, s, x), theta, h)[1](lam)
        return (lam, jax.tree.map(jnp.add, total, d_theta)), None
    zero = jax.tree.map(jnp.zeros_like, theta)
    lam, total = lax.scan(back, (slope, zero), (before, xs), reverse=True)[0]
    return total, lam""",
            {"reversed-shown"},
        ),
    ],
    "horizon": [
        # an area for a length
        (
            """def horizon(gamma, bits, tol):
    return (bits * np.log(2) + np.log(tol)) / -np.log(gamma)""",
            {"horizon-hidden"},
        ),
        # the wrong sign of the tolerance
        (
            """def horizon(gamma, bits, tol):
    return 2 * (bits * np.log(2) - np.log(tol)) / -np.log(gamma)""",
            {"horizon-hidden"},
        ),
    ],
    "swing-jacobian": [
        # the angle taken for a constant
        (
            """def swing_jacobian(rho, kappa, h, x):
    angle = 0.4 - kappa / (1 + h[0] ** 2 + h[1] ** 2)
    c, s = rho * jnp.cos(angle), rho * jnp.sin(angle)
    return pr.Block2(c, -s, s, c)""",
            {"swing-jacobian-shown", "swing-jacobian-hidden"},
        ),
        # the angle depends on p and on q; here on p alone
        (
            """def swing_jacobian(rho, kappa, h, x):
    p, q = h
    r = p**2 + q**2
    c, s = jnp.cos(0.4 - kappa / (1 + r)), jnp.sin(0.4 - kappa / (1 + r))
    P, Q = rho * (c * p - s * q), rho * (s * p + c * q)
    by_p = 2 * kappa * p / (1 + r) ** 2
    return pr.Block2(rho * c - Q * by_p, -rho * s, rho * s + P * by_p, rho * c)""",
            {"swing-jacobian-hidden"},
        ),
        # a sign: the turned vector turned back by 90 degrees in the second column
        (
            """def swing_jacobian(rho, kappa, h, x):
    p, q = h
    r = p**2 + q**2
    c, s = jnp.cos(0.4 - kappa / (1 + r)), jnp.sin(0.4 - kappa / (1 + r))
    P, Q = rho * (c * p - s * q), rho * (s * p + c * q)
    by_p, by_q = 2 * kappa * p / (1 + r) ** 2, 2 * kappa * q / (1 + r) ** 2
    return pr.Block2(
        rho * c - Q * by_p, -rho * s + Q * by_q, rho * s + P * by_p, rho * c - P * by_q
    )""",
            {"swing-jacobian-hidden"},
        ),
    ],
    "largest-kappa": [
        # the triangle inequality, |I + S| <= 1 + s: safe, and not the largest
        (
            "def largest_kappa(rho):\n    return 2 * (1 / rho - 1)",
            {"largest-kappa-hidden"},
        ),
        # eigenvalues: I + S has none but 1, so any kappa would do
        (
            "def largest_kappa(rho):\n    return float('inf')",
            {"largest-kappa-shown", "largest-kappa-hidden"},
        ),
        # forgets that s is largest at radius 1, where it is kappa / 2
        (
            "def largest_kappa(rho):\n    return 4 * (1 / rho - rho)",
            {"largest-kappa-shown", "largest-kappa-hidden"},
        ),
    ],
    "fates": [
        # chaos: the sum must be positive
        (
            """sum_of_exponents, exponent_at_4 = np.log(2), np.log(0.9)
grows = {0.4: False, 4: True, 6: True}""",
            {"exponents-hidden"},
        ),
        # a negative exponent promises a flat count
        (
            """sum_of_exponents, exponent_at_4 = 2 * np.log(0.9), np.log(0.9)
grows = {0.4: False, 4: False, 6: True}""",
            {"grows-hidden"},
        ),
    ],
    "follow": [
        # moves there after the step
        (
            """def follow(k):
    def step(h, seen):
        p, q = ikeda(*h)
        return p + k * (seen[0] - p), q + k * (seen[1] - q)
    return step""",
            {"follow-shown"},
        ),
    ],
    "thresholds": [
        # a gain below zero where no help is needed
        (
            """def thresholds(exponent, stretch):
    return 1 - np.exp(-exponent), 1 - 1 / stretch""",
            {"thresholds-hidden"},
        ),
        # the exponent is taken for the factor
        (
            """def thresholds(exponent, stretch):
    return max(0, exponent / (1 + exponent)), max(0, 1 - 1 / stretch)""",
            {"thresholds-hidden"},
        ),
    ],
    "few-or-many": [
        # above lock all is well
        (
            """few_or_many = {0.2: ("many", "many"), 0.5: ("few", "few"), 0.7: ("few", "few")}""",
            {"few-or-many-hidden"},
        ),
        # a good guess always helps
        (
            """few_or_many = {0.2: ("many", "few"), 0.5: ("many", "few"), 0.7: ("few", "few")}""",
            {"few-or-many-hidden"},
        ),
    ],
    "best-window": [
        # the time of one window, not per step
        (
            """def best_window(n0, v, a, b):
    w = (n0 * v * a / b) ** 0.5
    return w, (n0 + w / v) * (a + b * w)""",
            {"best-window-shown", "best-window-hidden"},
        ),
        # adds the squares
        (
            """def best_window(n0, v, a, b):
    return (n0 * v * a / b) ** 0.5, a / v + n0 * b""",
            {"best-window-shown", "best-window-hidden"},
        ),
    ],
    "slowest-front": [
        # a negative root, squared
        (
            """def slowest_front(n0, a, b, c):
    return a / (c**0.5 - (n0 * b) ** 0.5) ** 2""",
            {"slowest-front-hidden"},
        ),
        # leaves the mixed term out
        (
            """def slowest_front(n0, a, b, c):
    return a / (c - n0 * b) if c > n0 * b else float("inf")""",
            {"slowest-front-hidden"},
        ),
    ],
}
