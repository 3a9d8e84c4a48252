"""The sequential references: numpy, float64, one step after the other.

Everything here is written from the formulas and shares nothing with the library.  A state is
always a tuple of vectors: (h,) for most cells, (c, h) for the LSTMs.  A step returns the next
state and `pull`, which carries a gradient with respect to the next state back to gradients with
respect to the state, the input and the parameters; `backward` chains the pulls from the last step
to the first, which is back-propagation through time.
"""

import numpy as np


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


# One step of each cell.  `p` maps parameter names to arrays, `s` is the state, `x` the input.


def elman(p, s, x):
    """h' = tanh(U h + W x + b)."""
    (h,) = s
    y = np.tanh(p["U"] @ h + p["W"] @ x + p["b"])

    def pull(g):
        a = g[0] * (1 - y**2)
        grads = {"U": np.outer(a, h), "W": np.outer(a, x), "b": a}
        return (p["U"].T @ a,), p["W"].T @ a, grads

    return (y,), pull


def gru(p, s, x):
    """z, r gates; n = tanh(U_n (r h) + W_n x + b_n); h' = (1 - z) h + z n."""
    (h,) = s
    z = sigmoid(p["U_z"] @ h + p["W_z"] @ x + p["b_z"])
    r = sigmoid(p["U_r"] @ h + p["W_r"] @ x + p["b_r"])
    n = np.tanh(p["U_n"] @ (r * h) + p["W_n"] @ x + p["b_n"])

    def pull(g):
        (g,) = g
        a_n = g * z * (1 - n**2)
        g_rh = p["U_n"].T @ a_n
        a_z = g * (n - h) * z * (1 - z)
        a_r = g_rh * h * r * (1 - r)
        g_h = g * (1 - z) + g_rh * r + p["U_z"].T @ a_z + p["U_r"].T @ a_r
        grads = {"U_z": np.outer(a_z, h), "U_r": np.outer(a_r, h), "U_n": np.outer(a_n, r * h)}
        for gate, a in {"z": a_z, "r": a_r, "n": a_n}.items():
            grads |= {f"W_{gate}": np.outer(a, x), f"b_{gate}": a}
        g_x = p["W_z"].T @ a_z + p["W_r"].T @ a_r + p["W_n"].T @ a_n
        return (g_h,), g_x, grads

    return ((1 - z) * h + z * n,), pull


def lstm(p, s, x):
    """c' = f c + i g; h' = o tanh(c'), each gate a dense function of h and x."""
    c, h = s
    pre = {k: p[f"U_{k}"] @ h + p[f"W_{k}"] @ x + p[f"b_{k}"] for k in "ifog"}
    i, f, o = (sigmoid(pre[k]) for k in "ifo")
    g = np.tanh(pre["g"])
    c_next = f * c + i * g
    t = np.tanh(c_next)

    def pull(grad):
        g_c, g_h = grad
        g_cn = g_c + g_h * o * (1 - t**2)
        a = {
            "i": g_cn * g * i * (1 - i),
            "f": g_cn * c * f * (1 - f),
            "o": g_h * t * o * (1 - o),
            "g": g_cn * i * (1 - g**2),
        }
        grads = {}
        for k, v in a.items():
            grads |= {f"U_{k}": np.outer(v, h), f"W_{k}": np.outer(v, x), f"b_{k}": v}
        back_h = sum(p[f"U_{k}"].T @ v for k, v in a.items())
        back_x = sum(p[f"W_{k}"].T @ v for k, v in a.items())
        return (g_cn * f, back_h), back_x, grads

    return (c_next, o * t), pull


def para_gru(p, s, x):
    """The GRU with diagonal recurrent weights a_z, a_r, a_n (ParaRNN, section 3)."""
    (h,) = s
    z = sigmoid(p["a_z"] * h + p["W_z"] @ x + p["b_z"])
    r = sigmoid(p["a_r"] * h + p["W_r"] @ x + p["b_r"])
    n = np.tanh(p["a_n"] * (h * r) + p["W_n"] @ x + p["b_n"])

    def pull(g):
        (g,) = g
        v_n = g * z * (1 - n**2)
        v_z = g * (n - h) * z * (1 - z)
        v_r = v_n * p["a_n"] * h * r * (1 - r)
        g_h = g * (1 - z) + v_n * p["a_n"] * r + v_z * p["a_z"] + v_r * p["a_r"]
        grads = {"a_z": v_z * h, "a_r": v_r * h, "a_n": v_n * h * r}
        for gate, v in {"z": v_z, "r": v_r, "n": v_n}.items():
            grads |= {f"W_{gate}": np.outer(v, x), f"b_{gate}": v}
        g_x = p["W_z"].T @ v_z + p["W_r"].T @ v_r + p["W_n"].T @ v_n
        return (g_h,), g_x, grads

    return ((1 - z) * h + z * n,), pull


def para_lstm(p, s, x):
    """Coupled gates, peepholes, diagonal recurrence; the output gate peeps at the new c."""
    c, h = s
    f = sigmoid(p["a_f"] * h + p["W_f"] @ x + p["p_f"] * c + p["b_f"])
    n = np.tanh(p["a_g"] * h + p["W_g"] @ x + p["b_g"])
    c_next = f * c + (1 - f) * n
    o = sigmoid(p["a_o"] * h + p["W_o"] @ x + p["p_o"] * c_next + p["b_o"])
    t = np.tanh(c_next)

    def pull(grad):
        g_c, g_h = grad
        v_o = g_h * t * o * (1 - o)
        g_cn = g_c + g_h * o * (1 - t**2) + v_o * p["p_o"]
        v_f = g_cn * (c - n) * f * (1 - f)
        v_g = g_cn * (1 - f) * (1 - n**2)
        grads = {"p_f": v_f * c, "p_o": v_o * c_next}
        for gate, v in {"f": v_f, "g": v_g, "o": v_o}.items():
            grads |= {f"a_{gate}": v * h, f"W_{gate}": np.outer(v, x), f"b_{gate}": v}
        back_h = v_f * p["a_f"] + v_g * p["a_g"] + v_o * p["a_o"]
        back_x = p["W_f"].T @ v_f + p["W_g"].T @ v_g + p["W_o"].T @ v_o
        return (g_cn * f + v_f * p["p_f"], back_h), back_x, grads

    return (c_next, o * t), pull


STEPS = {"Elman": elman, "GRU": gru, "LSTM": lstm, "ParaGRU": para_gru, "ParaLSTM": para_lstm}
PLANES = {"Elman": 1, "GRU": 1, "LSTM": 2, "ParaGRU": 1, "ParaLSTM": 2}


# The whole sequence.


def unroll(step, p, xs, h0):
    """h_1..h_T, one (T, d) array for each plane of the state."""
    states = [h0]
    for x in xs:
        states.append(step(p, states[-1], x)[0])
    planes = range(len(h0))
    return tuple(np.array([s[k] for s in states[1:]]).reshape(-1, h0[k].size) for k in planes)


def backward(step, p, xs, h0, gs):
    """Gradients of sum_t <gs_t, h_t> with respect to parameters, inputs and h0."""
    pulls, s = [], h0
    for x in xs:
        s, pull = step(p, s, x)
        pulls.append(pull)
    carry = tuple(np.zeros_like(v) for v in h0)
    g_p = {k: np.zeros_like(v) for k, v in p.items()}
    g_xs = np.zeros_like(xs)
    for t in reversed(range(len(xs))):
        arriving = tuple(c + g[t] for c, g in zip(carry, gs, strict=True))
        carry, g_xs[t], here = pulls[t](arriving)
        g_p = {k: v + here[k] for k, v in g_p.items()}
    return g_p, g_xs, carry


def jacobian(step, p, s, x):
    """d(next state)/d(state) as one (n, n) matrix, planes one after the other."""
    _, pull = step(p, s, x)
    sizes = [v.size for v in s]
    rows = []
    for unit in np.eye(sum(sizes)):
        g = tuple(np.split(unit, np.cumsum(sizes)[:-1]))
        rows.append(np.concatenate(pull(g)[0]))
    return np.array(rows)


# The affine recurrence h_t = A_t h_{t-1} + b_t, with every structure written out as a matrix.


def matrices(A):
    """(T, n, n) from a diagonal (T, d), a dense (T, d, d) or four planes (a11, a12, a21, a22)."""
    if isinstance(A, tuple):
        a11, a12, a21, a22 = (matrices(a) for a in A)
        return np.concatenate(
            [np.concatenate([a11, a12], axis=2), np.concatenate([a21, a22], axis=2)], axis=1
        )
    if A.ndim == 3:
        return A
    out = np.zeros((*A.shape, A.shape[1]), A.dtype)
    for t, row in enumerate(A):
        out[t] = np.diag(row)
    return out


def vectors(b):
    """(T, n) from (T, d) or from a pair of them; (n,) from (d,) likewise."""
    return np.concatenate(b, axis=-1) if isinstance(b, tuple) else b


def _order(T, reverse):
    return range(T - 1, -1, -1) if reverse else range(T)


def recurrence(A, b, h0, reverse=False):
    """h_t = A_t h_{t-1} + b_t from the left, or h_t = A_t h_{t+1} + b_t from the right."""
    M, v, h = matrices(A), vectors(b), vectors(h0)
    out = np.zeros_like(v)
    for t in _order(len(v), reverse):
        h = M[t] @ h + v[t]
        out[t] = h
    return out


def recurrence_backward(A, b, h0, g, reverse=False):
    """Gradients of sum_t <g_t, h_t> with respect to A (as matrices), b and h0 (as vectors)."""
    M, first = matrices(A), vectors(h0)
    hs = recurrence(A, b, h0, reverse)
    order = list(_order(len(hs), reverse))
    before = {t: (hs[order[k - 1]] if k else first) for k, t in enumerate(order)}
    g_M, g_b, carry = np.zeros_like(M), np.zeros_like(hs), np.zeros_like(first)
    for t in reversed(order):
        g_b[t] = carry + g[t]
        g_M[t] = np.outer(g_b[t], before[t])
        carry = M[t].T @ g_b[t]
    return g_M, g_b, carry
