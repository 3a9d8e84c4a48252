"""Plausible wrong answers to problem set 4: answer -> [(code, cells lost)]."""

MISTAKES = {
    "owners": [
        # float32 and bfloat16 exchanged: wider numbers need more programs?
        (
            """owners = {"A": 4, "B": 1, "C": 6, "D": 3, "E": 7, "F": 2, "G": 5}""",
            {"owners-hidden"},
        ),
        # narrow loads belong to a single channel, whatever the launches say
        (
            """owners = {"A": 3, "B": 2, "C": 6, "D": 4, "E": 7, "F": 1, "G": 5}""",
            {"owners-hidden"},
        ),
    ],
    "fetched": [
        # the bytes that are needed
        (
            "def fetched(places, itemsize):\n    return len(places) * itemsize",
            {"fetched-shown"},
        ),
        # all sectors from the first to the last
        (
            """def fetched(places, itemsize):
    sectors = np.asarray(places) * itemsize // 32
    return 32 * int(sectors.max() - sectors.min() + 1)""",
            {"fetched-shown"},
        ),
    ],
    "bytes-fetched": [
        # every line begins at a sector
        (
            """bytes_fetched = {
    "neighbours": 128, "chunks": 1024, "half": 64, "odd": 128, "tile": 256}""",
            {"bytes-fetched-hidden"},
        ),
        # 32 numbers are 128 bytes, wherever they are
        (
            """bytes_fetched = {
    "neighbours": 128, "chunks": 128, "half": 64, "odd": 160, "tile": 128}""",
            {"bytes-fetched-hidden"},
        ),
    ],
    "turned": [
        # the last program goes on beyond the end
        (
            """def turned(x, y):
    first = R * pl.program_id(0)
    def line(k, nothing):
        y[first + k, :] = x[x.shape[0] - 1 - first - k, :]
        return nothing
    lax.fori_loop(0, R, line, 0)""",
            {"turned-hidden"},
        ),
        # turns every tile, and leaves the tiles where they are
        (
            """def turned(x, y):
    first = R * pl.program_id(0)
    def line(t, nothing):
        y[t, :] = x[2 * first + R - 1 - t, :]
        return nothing
    lax.fori_loop(first, jnp.minimum(first + R, x.shape[0]), line, 0)""",
            {"turned-shown", "turned-hidden"},
        ),
        # turns values round, which Triton cannot
        (
            """def turned(x, y):
    T, d = x.shape
    after, channel = R * pl.program_id(0) + jnp.arange(R)[:, None], jnp.arange(d)[None, :]
    line = T - R - R * pl.program_id(0) + jnp.arange(R)[:, None]
    tile = triton.load(x.at[line, channel], mask=jnp.broadcast_to(line >= 0, (R, d)), other=0)
    there = jnp.broadcast_to(after < T, (R, d))
    triton.store(y.at[after, channel], jnp.flip(tile, 0), mask=there)""",
            {"turned-shown"},
        ),
    ],
    "residuals": [
        # loads the line before anew in every step
        (
            """def residuals(a, b, h, h0, r):
    first = R * pl.program_id(0)
    def line(t, nothing):
        before = jnp.where(t > 0, h[jnp.maximum(t - 1, 0), :], h0[:])
        r[t, :] = h[t, :] - a[t, :] * before - b[t, :]
        return nothing
    lax.fori_loop(first, jnp.minimum(first + R, h.shape[0]), line, 0)""",
            {"residuals-hidden"},
        ),
        # every program begins at h0
        (
            """def residuals(a, b, h, h0, r):
    first = R * pl.program_id(0)
    def line(t, before):
        now = h[t, :]
        r[t, :] = now - a[t, :] * before - b[t, :]
        return now
    lax.fori_loop(first, jnp.minimum(first + R, h.shape[0]), line, h0[:])""",
            {"residuals-shown", "residuals-hidden"},
        ),
        # always R lines
        (
            """def residuals(a, b, h, h0, r):
    first = R * pl.program_id(0)
    def line(t, before):
        now = h[t, :]
        r[t, :] = now - a[t, :] * before - b[t, :]
        return now
    before = jnp.where(first > 0, h[jnp.maximum(first - 1, 0), :], h0[:])
    lax.fori_loop(first, first + R, line, before)""",
            {"residuals-hidden"},
        ),
    ],
    "fillings": [
        # (1, 0) wherever there is a gate
        (
            """fillings = {"A": (1, 0), "B": (0, float("-inf")), "C": None, "D": (1, 0),
            "E": (float("inf"), 0), "F": None}""",
            {"fillings-hidden"},
        ),
        # zero stays zero, so all is well
        (
            """fillings = {"A": (0, 7), "B": (0, float("-inf")), "C": (0,), "D": (1, 0),
            "E": (float("inf"), 0), "F": (0,)}""",
            {"fillings-hidden"},
        ),
    ],
    "stalls": [
        # the bits that are stored, without the leading one
        (
            """stalls = {"bfloat16": 128, "float16": 1024, "float32": 2**23}""",
            {"stalls-hidden"},
        ),
        # the first number that is not reached
        (
            """stalls = {"bfloat16": 257, "float16": 2049, "float32": 2**24 + 1}""",
            {"stalls-hidden"},
        ),
    ],
    "fold-batch": [
        # zeros for what is not there
        (
            """def fold_batch(C):
    def kernel(a, b, lengths, P, e):
        i, c = pl.program_id(0), pl.program_id(1)
        channel = jnp.arange(a.shape[2])
        def step(k, done):
            there = jnp.full(channel.shape, c * C + k < lengths[i])
            a_t, b_t = (
                triton.load(x.at[i, c * C + k, channel], mask=there, other=0).astype(jnp.float32)
                for x in (a, b))
            return a_t * done[0], a_t * done[1] + b_t
        one = jnp.ones(a.shape[2], jnp.float32)
        P[i, c, :], e[i, c, :] = lax.fori_loop(0, C, step, (one, 0 * one))
    return kernel""",
            {"fold-ends-hidden"},
        ),
        # adds in the dtype of the inputs
        (
            """def fold_batch(C):
    def kernel(a, b, lengths, P, e):
        i, c = pl.program_id(0), pl.program_id(1)
        def step(t, done):
            a_t = a[i, t, :]
            return a_t * done[0], a_t * done[1] + b[i, t, :]
        one = jnp.ones(a.shape[2], a.dtype)
        end = jnp.minimum(c * C + C, lengths[i])
        p, s = lax.fori_loop(c * C, end, step, (one, 0 * one))
        P[i, c, :], e[i, c, :] = p.astype(jnp.float32), s.astype(jnp.float32)
    return kernel""",
            {"fold-half-hidden"},
        ),
        # reads the padding, and throws it away
        (
            """def fold_batch(C):
    def kernel(a, b, lengths, P, e):
        i, c = pl.program_id(0), pl.program_id(1)
        def step(t, done):
            a_t = jnp.where(t < lengths[i], a[i, t, :].astype(jnp.float32), 1.0)
            b_t = jnp.where(t < lengths[i], b[i, t, :].astype(jnp.float32), 0.0)
            return a_t * done[0], a_t * done[1] + b_t
        one = jnp.ones(a.shape[2], jnp.float32)
        end = jnp.minimum(c * C + C, a.shape[1])
        P[i, c, :], e[i, c, :] = lax.fori_loop(c * C, end, step, (one, 0 * one))
    return kernel""",
            {"fold-padding-hidden"},
        ),
        # takes all sequences for full ones
        (
            """def fold_batch(C):
    def kernel(a, b, lengths, P, e):
        i, c = pl.program_id(0), pl.program_id(1)
        def step(t, done):
            a_t, b_t = (x[i, t, :].astype(jnp.float32) for x in (a, b))
            return a_t * done[0], a_t * done[1] + b_t
        one = jnp.ones(a.shape[2], jnp.float32)
        end = jnp.minimum(c * C + C, a.shape[1])
        P[i, c, :], e[i, c, :] = lax.fori_loop(c * C, end, step, (one, 0 * one))
    return kernel""",
            {"fold-ends-hidden", "fold-padding-hidden"},
        ),
        # the map of the earlier steps applied last
        (
            """def fold_batch(C):
    def kernel(a, b, lengths, P, e):
        i, c = pl.program_id(0), pl.program_id(1)
        def step(t, done):
            a_t, b_t = (x[i, t, :].astype(jnp.float32) for x in (a, b))
            return a_t * done[0], done[0] * b_t + done[1]
        one = jnp.ones(a.shape[2], jnp.float32)
        end = jnp.minimum(c * C + C, lengths[i])
        P[i, c, :], e[i, c, :] = lax.fori_loop(c * C, end, step, (one, 0 * one))
    return kernel""",
            {"fold-shown", "fold-ends-hidden"},
        ),
    ],
    "units": [
        # forgets what is written
        ("""units = {"least": 3, "own": 6, "block2": 12}""", {"units-hidden"}),
        # writes one plane of states
        ("""units = {"least": 4, "own": 7, "block2": 13}""", {"units-hidden"}),
    ],
    "fold-two": [
        # the last chunk goes on beyond the end
        (
            """def fold_two(C):
    def kernel(a, c, b, M11, M12, M21, M22, e1, e2):
        k = pl.program_id(0)
        def step(t, done):
            m11, m12, m21, m22, f1, f2 = done
            a_t, c_t = a[t, :], c[t, :]
            top = a_t * m11 + c_t * m21, a_t * m12 + c_t * m22
            return *top, m11, m12, a_t * f1 + c_t * f2 + b[t, :], f1
        one = jnp.ones(a.shape[1], a.dtype)
        nothing = one, 0 * one, 0 * one, one, 0 * one, 0 * one
        done = lax.fori_loop(k * C, k * C + C, step, nothing)
        for ref, value in zip((M11, M12, M21, M22, e1, e2), done):
            ref[k, :] = value
    return kernel""",
            {"fold-two-hidden"},
        ),
        # multiplies from the wrong side: the earlier map after the later one
        (
            """def fold_two(C):
    def kernel(a, c, b, M11, M12, M21, M22, e1, e2):
        k = pl.program_id(0)
        def step(t, done):
            m11, m12, m21, m22, f1, f2 = done
            a_t, c_t = a[t, :], c[t, :]
            left = m11 * a_t + m12, m11 * c_t, m21 * a_t + m22, m21 * c_t
            return *left, m11 * b[t, :] + f1, m21 * b[t, :] + f2
        one = jnp.ones(a.shape[1], a.dtype)
        nothing = one, 0 * one, 0 * one, one, 0 * one, 0 * one
        done = lax.fori_loop(k * C, jnp.minimum(k * C + C, a.shape[0]), step, nothing)
        for ref, value in zip((M11, M12, M21, M22, e1, e2), done):
            ref[k, :] = value
    return kernel""",
            {"fold-two-hidden", "two-back-shown"},
        ),
        # fills in zeros behind the end
        (
            """def fold_two(C):
    def kernel(a, c, b, M11, M12, M21, M22, e1, e2):
        k, channel = pl.program_id(0), jnp.arange(a.shape[1])
        def step(j, done):
            m11, m12, m21, m22, f1, f2 = done
            t = k * C + j
            there = jnp.full(channel.shape, t < a.shape[0])
            a_t, c_t, b_t = (triton.load(x.at[t, channel], mask=there, other=0) for x in (a, c, b))
            top = a_t * m11 + c_t * m21, a_t * m12 + c_t * m22
            return *top, m11, m12, a_t * f1 + c_t * f2 + b_t, f1
        one = jnp.ones(a.shape[1], a.dtype)
        nothing = one, 0 * one, 0 * one, one, 0 * one, 0 * one
        done = lax.fori_loop(0, C, step, nothing)
        for ref, value in zip((M11, M12, M21, M22, e1, e2), done):
            ref[k, :] = value
    return kernel""",
            {"fold-two-hidden"},
        ),
        # the second row is not handed on
        (
            """def fold_two(C):
    def kernel(a, c, b, M11, M12, M21, M22, e1, e2):
        k = pl.program_id(0)
        def step(t, done):
            m11, m12, m21, m22, f1, f2 = done
            a_t, c_t = a[t, :], c[t, :]
            top = a_t * m11 + c_t * m21, a_t * m12 + c_t * m22
            return *top, m21, m22, a_t * f1 + c_t * f2 + b[t, :], f2
        one = jnp.ones(a.shape[1], a.dtype)
        nothing = one, 0 * one, 0 * one, one, 0 * one, 0 * one
        done = lax.fori_loop(k * C, jnp.minimum(k * C + C, a.shape[0]), step, nothing)
        for ref, value in zip((M11, M12, M21, M22, e1, e2), done):
            ref[k, :] = value
    return kernel""",
            {"fold-two-shown", "fold-two-hidden", "two-back-shown"},
        ),
    ],
    "carry": [
        # the state after each chunk
        (
            """def carry(M11, M12, M21, M22, e1, e2, p, q):
    def chunk(k, state):
        x, y = state
        x, y = (M11[k, :] * x + M12[k, :] * y + e1[k, :], M21[k, :] * x + M22[k, :] * y + e2[k, :])
        p[k, :], q[k, :] = x, y
        return x, y
    zero = jnp.zeros(M11.shape[1], M11.dtype)
    lax.fori_loop(0, M11.shape[0], chunk, (zero, zero))""",
            {"carry-shown", "two-back-shown"},
        ),
        # transposed
        (
            """def carry(M11, M12, M21, M22, e1, e2, p, q):
    def chunk(k, state):
        p[k, :], q[k, :] = x, y = state
        return (M11[k, :] * x + M21[k, :] * y + e1[k, :], M12[k, :] * x + M22[k, :] * y + e2[k, :])
    zero = jnp.zeros(M11.shape[1], M11.dtype)
    lax.fori_loop(0, M11.shape[0], chunk, (zero, zero))""",
            {"two-back-shown"},
        ),
    ],
    "replay-two": [
        # the older state is never replaced
        (
            """def replay_two(C):
    def kernel(a, c, b, p, q, h):
        k = pl.program_id(0)
        def step(t, state):
            x, y = state
            h[t, :] = new = a[t, :] * x + c[t, :] * y + b[t, :]
            return new, y
        end = jnp.minimum(k * C + C, a.shape[0])
        lax.fori_loop(k * C, end, step, (p[k, :], q[k, :]))
    return kernel""",
            {"replay-two-hidden", "two-back-shown"},
        ),
        # starts from what h holds before the chunk: a race
        (
            """def replay_two(C):
    def kernel(a, c, b, p, q, h):
        k = pl.program_id(0)
        def step(t, state):
            x, y = state
            h[t, :] = new = a[t, :] * x + c[t, :] * y + b[t, :]
            return new, x
        first = k * C
        x = jnp.where(k > 0, h[jnp.maximum(first - 1, 0), :], 0.0)
        y = jnp.where(k > 0, h[jnp.maximum(first - 2, 0), :], 0.0)
        lax.fori_loop(first, jnp.minimum(first + C, a.shape[0]), step, (x, y))
    return kernel""",
            {"replay-two-hidden"},
        ),
    ],
    "right-chunks": [
        # a chunk is right if the one before it has run
        ("right_chunks, right_orders = [0, 1, 2, 4], 1", {"right-chunks-hidden"}),
        # right are those that run in their own place; three of six pairs may be exchanged
        ("right_chunks, right_orders = [0, 1, 4, 5], 8", {"right-chunks-hidden"}),
    ],
    "races": [
        # every place that two programs touch, also if nobody writes
        (
            """def races(log):
    visitors = defaultdict(set)
    for program, kind, array, places in log:
        for place in places:
            visitors[array, int(place)].add(program)
    return {place for place in visitors if len(visitors[place]) > 1}""",
            {"races-own-hidden"},
        ),
        # reading what was written before, in this order
        (
            """def races(log):
    writer, found = {}, set()
    for program, kind, array, places in log:
        for place in map(int, places):
            if kind == "write":
                writer[array, place] = program
            elif writer.get((array, place), program) != program:
                found.add((array, place))
    return found""",
            {"races-both-hidden"},
        ),
        # a program that reads its own result
        (
            """def races(log):
    read = {(array, int(p)) for _, kind, array, places in log if kind == "read" for p in places}
    written = {(array, int(p)) for _, kind, array, places in log if kind == "write" for p in places}
    return read & written""",
            {"races-shown", "races-own-hidden", "races-both-hidden"},
        ),
        # knows programs by their first number
        (
            """def races(log):
    visitors, written = defaultdict(set), set()
    for program, kind, array, places in log:
        for place in places:
            visitors[array, int(place)].add(program[0])
            if kind == "write":
                written.add((array, int(place)))
    return {place for place in written if len(visitors[place]) > 1}""",
            {"races-both-hidden"},
        ),
    ],
    "patient": [
        # every program reads everything
        (
            """def patient_units(n):
    return 2 * n + 3
patient_up_to = 1""",
            {"patient-hidden"},
        ),
        # the n-th program's share, not the sum
        (
            """def patient_units(n):
    return 2 * (n - 1) / n + 3
patient_up_to = 10**9""",
            {"patient-hidden"},
        ),
    ],
    "run-in": [
        # one step short
        (
            """def run_in(rho, tol):
    return int(log(tol) / log(rho))""",
            {"run-in-hidden"},
        ),
        # the error falls by 1 - rho
        (
            """def run_in(rho, tol):
    return ceil(log(tol) / log(1 - rho))""",
            {"run-in-hidden"},
        ),
    ],
    "forgetful": [
        # before the first step
        (
            """def forgetful(C, K):
    def kernel(a, b, h):
        first = pl.program_id(0) * C
        def step(t, state):
            return a[t, :] * state + b[t, :]
        def write(t, state):
            h[t, :] = state = step(t, state)
            return state
        state = lax.fori_loop(first - K, first, step, jnp.zeros(a.shape[1], a.dtype))
        lax.fori_loop(first, jnp.minimum(first + C, a.shape[0]), write, state)
    return kernel""",
            {"forgetful-shown", "forgetful-hidden"},
        ),
        # stores while it runs in, over what the neighbour has stored
        (
            """def forgetful(C, K):
    def kernel(a, b, h):
        first = pl.program_id(0) * C
        def write(t, state):
            h[t, :] = state = a[t, :] * state + b[t, :]
            return state
        start = jnp.maximum(first - K, 0)
        end = jnp.minimum(first + C, a.shape[0])
        lax.fori_loop(start, end, write, jnp.zeros(a.shape[1], a.dtype))
    return kernel""",
            {"forgetful-shown", "forgetful-hidden"},
        ),
        # a step too few
        (
            """def forgetful(C, K):
    def kernel(a, b, h):
        first = pl.program_id(0) * C
        def step(t, state):
            return a[t, :] * state + b[t, :]
        def write(t, state):
            h[t, :] = state = step(t, state)
            return state
        state = jnp.zeros(a.shape[1], a.dtype)
        state = lax.fori_loop(jnp.maximum(first - K + 1, 0), first, step, state)
        lax.fori_loop(first, jnp.minimum(first + C, a.shape[0]), write, state)
    return kernel""",
            {"forgetful-hidden"},
        ),
        # no end for the last chunk
        (
            """def forgetful(C, K):
    def kernel(a, b, h):
        first = pl.program_id(0) * C
        def step(t, state):
            return a[t, :] * state + b[t, :]
        def write(t, state):
            h[t, :] = state = step(t, state)
            return state
        state = jnp.zeros(a.shape[1], a.dtype)
        state = lax.fori_loop(jnp.maximum(first - K, 0), first, step, state)
        lax.fori_loop(first, first + C, write, state)
    return kernel""",
            {"forgetful-hidden"},
        ),
    ],
    "cheapest": [
        # counts bytes only
        (
            """def cheapest(batch, T, d, rho):
    K = ceil(log(1e-6) / log(rho))
    units = {"one pass": 3, "two passes": 5, "forgetful": 3 + 2 * K / 256}
    return min(units, key=units.get)""",
            {"cheapest-hidden"},
        ),
        # launches cost nothing
        (
            """def cheapest(batch, T, d, rho):
    K = ceil(log(1e-6) / log(rho))
    lanes = {"one pass": batch * d, "two passes": batch * d * T / 256,
             "forgetful": batch * d * T / 256}
    units = {"one pass": 3, "two passes": 5, "forgetful": 3 + 2 * K / 256}
    return min(units, key=lambda plan: units[plan] / min(1, lanes[plan] / 16_384))""",
            {"cheapest-hidden"},
        ),
        # one array is read while running in
        (
            """def cheapest(batch, T, d, rho):
    K = ceil(log(1e-6) / log(rho))
    plans = {"one pass": (1, 3, batch * d), "two passes": (3, 5, batch * d * T / 256),
             "forgetful": (1, 3 + K / 256, batch * d * T / 256)}
    def seconds(launches, units, lanes):
        return launches * 3e-6 + units * 4 * batch * T * d / (1555e9 * min(1, lanes / 16_384))
    return min(plans, key=lambda plan: seconds(*plans[plan]))""",
            {"cheapest-hidden"},
        ),
    ],
}
