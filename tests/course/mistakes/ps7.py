"""Plausible wrong answers to problem set 7: answer -> [(code, cells lost)]."""

# A right test of a layer in training form, with the changes of the future that it tries left open.
LOOKS_AHEAD = """def looks_ahead(layer, m):
    random = np.random.default_rng(0)
    x, other = random.normal(size=(2, 24, m))
    whole = np.asarray(layer(x), float)
    size = np.max(np.abs(whole))
    for t in range(1, 24):
        part = np.asarray(layer({changed}), float)[:t]
        if {differ}:
            return True
    return False"""
DIFFER = "np.max(np.abs(part - whole[:t])) > 1e-4 * size"

# The same for a layer with a state: open are the ways of cutting, and whether one goes on twice.
CARRIES_ON = """def carries_on(start, run, m):
    random = np.random.default_rng(0)
    x = random.normal(size=(24, m))
    whole = np.asarray(run(x, start())[0], float)
    for sizes in {ways}:
        at, state = 0, start()
        for size in sizes:
            if {twice}:
                run(x[at : at + size], state)
            y, state = run(x[at : at + size], state)
            if np.max(np.abs(y - whole[at : at + size])) > 1e-4 * np.max(np.abs(whole)):
                return False
            at += size
    return True"""

MEAN_SO_FAR = """def mean_so_far(a, v, place, gather):
    def join(x, y):
        (k, u), (l, w) = x, y
        both = jnp.logaddexp(k, l)
        return both, jnp.exp(k - both)[..., None] * u + jnp.exp(l - both)[..., None] * w
    ours = lax.associative_scan(join, (a, v))
    ends = gather(jnp.append(ours[1][-1], ours[0][-1]))
    before = (-jnp.inf * jnp.ones(()), jnp.zeros_like(v[0]))
    for i, end in enumerate(ends):
        longer = join(before, (end[-1], end[:-1]))
        before = jax.tree.map(lambda new, old: jnp.where({earlier}, new, old), longer, before)
    n = len(a)
    return join((jnp.broadcast_to(before[0], n), jnp.broadcast_to(before[1], v.shape)), ours)[1]"""

BEST_GUESS = """def best_guess(draw, T, look, words=2000):
    from collections import Counter, defaultdict
    random = np.random.default_rng(0)
    learned = defaultdict(Counter)
    def asked_of(drawn):
        inputs, answers, asked = drawn
        for row, t in np.argwhere(asked):
            seen = tuple(inputs[row, max(0, t + 1 - look) : t + 1]) if look else ()
            yield ({place}, seen), int(answers[row, t])
    first = draw(random, words, T)
    for (t, seen), answer in asked_of(first):
        learned[t, seen][answer] += 1
        learned[t, None][answer] += 1
    right = [
        learned[key if key in learned else (key[0], None)].most_common(1)[0][0] == answer
        for key, answer in asked_of({second})
    ]
    return float(np.mean(right))"""

WINDOW = """def window(seed, i, count):
    epoch, x = divmod(int(i), count)
    {body}"""

CLOCK = """class Clock(pr.Cell):
    W: jax.Array
    b: jax.Array
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)
    def __init__(self, input_size, state_size, *, key):
        self.input_size, self.state_size = input_size, state_size
        self.W = jax.random.normal(key, (state_size, input_size))
        self.b = jnp.zeros(state_size)
    def project(self, x):
        return {project}
    def step(self, h, u):
        return {step}"""

MISTAKES = {
    "envelope": [
        # nats taken for bits, and perplexity for 2^nats
        (
            """bits = {"A": 1.45, "B": np.log(58) / 3.2, "C": 1.31 * 1.2}
wider = 70""",
            {"bits-hidden"},
        ),
        # bytes per character on the wrong side
        (
            """bits = {"A": 1.45 / np.log(2), "B": np.log2(58) / 3.2, "C": 1.31 / 1.2 / np.log(2)}
wider = 70""",
            {"bits-hidden"},
        ),
        # recurrent weights and biases are forgotten
        (
            """bits = {"A": 1.45 / np.log(2), "B": np.log2(58) / 3.2, "C": 1.31 * 1.2 / np.log(2)}
wider = 72""",
            {"wider-hidden"},
        ),
        # heads are forgotten
        (
            """bits = {"A": 1.45 / np.log(2), "B": np.log2(58) / 3.2, "C": 1.31 * 1.2 / np.log(2)}
wider = -2""",
            {"wider-hidden"},
        ),
    ],
    "same-run": [
        # Adam notices nothing at all
        (
            """same_run = {"sgd": False, "sgd, norm 0.01": True, "adam": True,
            "adam, norm 0.4": True, "adam, penalty": True, "adamw": True}""",
            {"same-run-hidden"},
        ),
        # a factor on the loss is a factor on every update
        (
            """same_run = {"sgd": False, "sgd, norm 0.01": False, "adam": False,
            "adam, norm 0.4": False, "adam, penalty": False, "adamw": False}""",
            {"same-run-hidden"},
        ),
    ],
    "code-length": [
        # the entropy of the final frequencies: nothing was to be learned
        (
            """def code_length(counts, a):
    counts = np.asarray(counts)
    some = counts[counts > 0]
    return float(-(some * np.log2(some / max(1, counts.sum()))).sum())""",
            {"code-length-shown", "code-length-hidden"},
        ),
        # V is the number of characters that occur
        (
            """def code_length(counts, a):
    from math import lgamma, log
    some = [int(n) for n in counts if n]
    whole = a * (len(some) + 1 if len(some) == 3 else len(some))
    nats = lgamma(whole + sum(some)) - lgamma(whole)
    return (nats - sum(lgamma(a + n) - lgamma(a) for n in some)) / log(2)""",
            {"code-length-hidden"},
        ),
        # right for a = 1/2 only
        (
            """def code_length(counts, a):
    from math import lgamma, log
    whole = len(counts) / 2
    nats = lgamma(whole + sum(map(int, counts))) - lgamma(whole)
    return (nats - sum(lgamma(0.5 + int(n)) - lgamma(0.5) for n in counts)) / log(2)""",
            {"code-length-hidden"},
        ),
    ],
    "looks-ahead": [
        # nothing but the same number in all channels of the next row
        (
            """def looks_ahead(layer, m):
    x = np.random.default_rng(0).normal(size=(24, m))
    whole = np.asarray(layer(x), float)
    for t in range(1, 24):
        x_t = x.copy()
        x_t[t] += 1
        part = np.asarray(layer(x_t), float)[:t]
        if np.max(np.abs(part - whole[:t])) > 1e-4 * np.max(np.abs(whole)):
            return True
    return False""",
            {"looks-ahead-hidden"},
        ),
        # a derivative, by small differences
        (
            LOOKS_AHEAD.format(
                changed="np.concatenate([x[:t], x[t:] + 1e-2 * other[t:]])", differ=DIFFER
            ),
            {"looks-ahead-hidden"},
        ),
        # other rows of the same number: a length is not noticed
        (
            LOOKS_AHEAD.format(changed="np.concatenate([x[:t], other[t:]])", differ=DIFFER),
            {"looks-ahead-hidden"},
        ),
        # equal to the last bit
        (
            LOOKS_AHEAD.format(changed="x[:t]", differ="not np.array_equal(part, whole[:t])"),
            {"looks-ahead-hidden"},
        ),
        # an absolute tolerance
        (
            LOOKS_AHEAD.format(changed="x[:t]", differ="np.max(np.abs(part - whole[:t])) > 1e-6"),
            {"looks-ahead-hidden"},
        ),
        # one cut, in the middle
        (LOOKS_AHEAD.format(changed="x[: (t := 12)]", differ=DIFFER), {"looks-ahead-hidden"}),
        # never
        (
            "def looks_ahead(layer, m):\n    return False",
            {"looks-ahead-shown", "looks-ahead-hidden"},
        ),
    ],
    "carries-on": [
        # a prompt, and then row by row, once
        (CARRIES_ON.format(ways="[[12] + [1] * 12]", twice=True), {"carries-on-hidden"}),
        # in halves
        (CARRIES_ON.format(ways="[[12, 12]]", twice=True), {"carries-on-hidden"}),
        # row by row
        (CARRIES_ON.format(ways="[[1] * 24]", twice=True), {"carries-on-hidden"}),
        # goes on once only from each state
        (
            CARRIES_ON.format(ways="[[6] * 4, [1] * 24, [20, 1, 1, 2]]", twice=False),
            {"used-up-hidden"},
        ),
    ],
    "three-parts": [
        # one lonely token against two long parts
        ("three_parts = [(1, 1.0), (100, -0.005), (100, -0.005)]", {"parts-hidden"}),
        # the slopes are of opposite signs, and no more
        ("three_parts = [(1, 0.5), (2, 0.2), (100, -0.01)]", {"parts-shown", "parts-hidden"}),
        # the whole batch goes uphill as well
        ("three_parts = [(1, 1.0), (1, 1.0), (100, -0.01)]", {"parts-shown", "parts-hidden"}),
    ],
    "added-up": [
        # the mean of the means
        (
            """def added_up(parts):
    parts = [p for p in parts if p[2]]
    mean = jax.tree.map(lambda *g: sum(g) / len(g), *[g for _, g, _ in parts])
    return sum(l for l, _, _ in parts) / len(parts), mean""",
            {"added-up-shown", "added-up-hidden"},
        ),
        # zero times nan
        (
            """def added_up(parts):
    total, loss, gradient = 0, 0.0, None
    for l, g, n in parts:
        g = jax.tree.map(lambda x: n * x, g)
        gradient = g if gradient is None else jax.tree.map(jnp.add, gradient, g)
        total, loss = total + n, loss + n * l
    return loss / total, jax.tree.map(lambda x: x / total, gradient)""",
            {"added-up-hidden"},
        ),
        # keeps all gradients until the end
        (
            """def added_up(parts):
    parts = [p for p in parts if p[2]]
    total = sum(n for _, _, n in parts)
    add = lambda *g: sum(n * x for (_, _, n), x in zip(parts, g)) / total
    return sum(n * l for l, _, n in parts) / total, jax.tree.map(add, *[g for _, g, _ in parts])""",
            {"added-up-hidden"},
        ),
    ],
    "window": [
        # a stored permutation
        (
            WINDOW.format(
                body="return int(np.random.default_rng([seed, epoch])"
                ".permutation(min(count, 10**6))[x])"
            ),
            {"window-hidden"},
        ),
        # a stride that has no factor in common with the count
        (
            WINDOW.format(
                body="""from math import gcd
    stride = next(s for s in range(count * 5 // 8 + 7 * seed + epoch, 9 * count + 99)
                  if gcd(s, count) == 1)
    return (x * stride + 13 * epoch + seed) % count"""
            ),
            {"window-mixed-hidden"},
        ),
        # the same order in each epoch, moved along
        (
            """def window(seed, i, count):
    epoch, x = divmod(int(i), count)
    bits = max(1, (count - 1).bit_length())
    while True:
        for a, b in ((0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9), (12345, 0x94D049BB133111EB)):
            x = (x + a) % (1 << bits) * b % (1 << bits)
            x ^= x >> (bits + 1) // 2
        if x < count:
            return (x + 17 * epoch + 5 * seed) % count""",
            {"window-mixed-hidden"},
        ),
        # draws with replacement
        (
            WINDOW.format(
                body="return int(np.random.default_rng([seed, epoch, x]).integers(count))"
            ),
            {"window-shown", "window-hidden", "window-mixed-hidden"},
        ),
    ],
    "guesses": [
        # one half everywhere, and the place known at best
        (
            """guesses = {("fair", 1): 0.5, ("few ones", 1): 0.5, ("edited", 1): 0.5,
           ("edited", 2): 0.5, ("keep first", 0): 0.1, ("keep first", 2): 0.1}""",
            {"guesses-bits-hidden", "guesses-other-hidden"},
        ),
        # always "even", without the bit just read
        (
            """even = lambda p: np.mean([(1 + (1 - 2 * p) ** t) / 2 for t in range(1, 31)])
guesses = {("fair", 1): even(0.5), ("few ones", 1): even(0.1), ("edited", 1): 0.5,
           ("edited", 2): 0.75, ("keep first", 0): 0.1, ("keep first", 2): 0.125}""",
            {"guesses-bits-hidden"},
        ),
        # "equal" is taken for even for sure
        (
            """even = lambda p: np.mean([(1 + (1 - 2 * p) ** t) / 2 for t in range(30)])
guesses = {("fair", 1): even(0.5), ("few ones", 1): even(0.1), ("edited", 1): 0.5,
           ("edited", 2): 1.0, ("keep first", 0): 0.1, ("keep first", 2): 0.125}""",
            {"guesses-other-hidden"},
        ),
    ],
    "best-guess": [
        # tested on the words that were learned
        (BEST_GUESS.format(place="int(t)", second="first"), {"best-guess-hidden"}),
        # places are not told apart
        (BEST_GUESS.format(place="0", second="draw(random, words, T)"), {"best-guess-hidden"}),
        # answers nothing to tokens it has not seen
        (
            BEST_GUESS.format(place="int(t)", second="draw(random, words, T)").replace(
                "learned[key if key in learned else (key[0], None)].most_common(1)[0][0] == answer",
                "key in learned and learned[key].most_common(1)[0][0] == answer",
            ),
            {"best-guess-hidden"},
        ),
    ],
    "tells": [
        # more data is more evidence
        (
            """tells = {"fresh": True, "late": True, "early": False, "fair bits": True}""",
            {"tells-hidden"},
        ),
        # fair bits are another task
        (
            """tells = {"fresh": False, "late": True, "early": False, "fair bits": False}""",
            {"tells-hidden"},
        ),
    ],
    "mean-so-far": [
        # sums of exponentials
        (
            """def mean_so_far(a, v, place, gather):
    w, s = jnp.cumsum(jnp.exp(a)), jnp.cumsum(jnp.exp(a)[:, None] * v, axis=0)
    ends = gather(jnp.append(s[-1], w[-1]))
    earlier = (jnp.arange(len(ends)) < place)[:, None]
    edge = jnp.sum(jnp.where(earlier, ends, 0), axis=0)
    return (s + edge[:-1]) / (w + edge[-1])[:, None]""",
            {"mean-large-hidden"},
        ),
        # one maximum for all: early rows vanish
        (
            """def mean_so_far(a, v, place, gather):
    a = a - jnp.max(gather(jnp.max(a)))
    w, s = jnp.cumsum(jnp.exp(a)), jnp.cumsum(jnp.exp(a)[:, None] * v, axis=0)
    ends = gather(jnp.append(s[-1], w[-1]))
    earlier = (jnp.arange(len(ends)) < place)[:, None]
    edge = jnp.sum(jnp.where(earlier, ends, 0), axis=0)
    return (s + edge[:-1]) / (w + edge[-1])[:, None]""",
            {"mean-large-hidden"},
        ),
        # all rows are shown to all
        (
            """def mean_so_far(a, v, place, gather):
    n, d = v.shape
    a, v = gather(a).reshape(-1), gather(v).reshape(-1, d)
    seen = jnp.arange(len(a)) <= (place * n + jnp.arange(n))[:, None]
    return jax.nn.softmax(jnp.where(seen, a, -jnp.inf), axis=1) @ v""",
            {"mean-numbers-hidden"},
        ),
        # its own part twice
        (MEAN_SO_FAR.format(earlier="i <= place"), {"mean-shown", "mean-large-hidden"}),
    ],
    "dropped": [
        # fewer than the limit
        (
            """from math import comb
some = [comb(40, m) / 2**40 for m in range(18)]
kept = sum(some)
ones_kept = sum(m * p for m, p in enumerate(some)) / kept / 40""",
            {"dropped-hidden", "dropped-ones-hidden"},
        ),
        # forgets to divide by the share kept
        (
            """from math import comb
some = [comb(40, m) / 2**40 for m in range(19)]
kept, ones_kept = sum(some), sum(m * p for m, p in enumerate(some)) / 40""",
            {"dropped-ones-hidden"},
        ),
    ],
    "turn": [
        # exact and straight: errors stay
        (
            """def turn(h, x):
    return (1 - x) * h + x * jnp.where(h < 1.5, h + 1, 3 * (2 - h))""",
            {"turn-hidden"},
        ),
        # keeps by doing nothing
        (
            """def turn(h, x):
    stair = lambda i: jax.nn.sigmoid(30 * (h - i + 0.5))
    return (1 - x) * h + x * (stair(0) + stair(1) - 2 * stair(2))""",
            {"turn-hidden"},
        ),
        # from the last state down by one only
        (
            """def turn(h, x):
    stair = lambda i: jax.nn.sigmoid(30 * (h - i + 0.5))
    return (1 - x) * (stair(1) + stair(2)) + x * (stair(0) + stair(1) - stair(2))""",
            {"turn-shown", "turn-hidden", "clock-hidden"},
        ),
    ],
    "clock": [
        # without its bias
        (
            CLOCK.format(project="self.W @ x", step="turn(h, jax.nn.sigmoid(u))"),
            {"clock-hidden"},
        ),
        # a hard decision has no gradient
        (
            CLOCK.format(project="self.W @ x + self.b", step="turn(h, (u > 0) * 1.0)"),
            {"clock-hidden"},
        ),
        # channels mixed in time
        (
            CLOCK.format(
                project="self.W @ x + self.b", step="turn(h, jax.nn.sigmoid(u + 0.1 * jnp.mean(h)))"
            ),
            {"clock-hidden"},
        ),
        # W the wrong way round
        (
            CLOCK.format(project="x @ self.W + self.b", step="turn(h, jax.nn.sigmoid(u))").replace(
                "(state_size, input_size)", "(input_size, state_size)"
            ),
            {"clock-shown", "clock-hidden"},
        ),
    ],
}
