#!/usr/bin/env python3
"""GradBench's evals in JAX: jit, f64, matrix products where they help.

Input:  a file that lists workloads with files of inputs and expected results; --threads N, --seconds S a row.
Output: one JSON object {"rows", "notes"} on stdout, in the row form of bench/common/report.h.

Compilation is not timed. A call is timed from arrays that JAX holds to the finished result.
"""

import argparse
import json
import os
import statistics
import sys
import time


def prepare_environment(threads):
    """Before the first import: as many threads as cores are given, huge pages for large results."""
    flags = "--xla_cpu_multi_thread_eigen=" + ("false intra_op_parallelism_threads=1" if threads == 1 else "true")
    os.environ["XLA_FLAGS"] = flags
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    wanted = "glibc.malloc.hugetlb=1"
    if os.environ.get("GLIBC_TUNABLES") != wanted:  # read by the loader: start again with it
        os.environ["GLIBC_TUNABLES"] = wanted
        os.execv(sys.executable, [sys.executable, *sys.argv])


# ---------------------------------------------------------------- the evals


def build(jax, jnp, eval_name, sizes):
    """The two functions of an eval, of the inputs in the order of the .rg programs."""
    lax = jax.lax

    if eval_name == "lse":
        primal = jax.scipy.special.logsumexp
        return {"primal": primal, "gradient": jax.grad(primal)}

    if eval_name == "llsq":
        n = sizes["n"]

        def primal(x):
            t = -1.0 + 2.0 * jnp.arange(n) / (n - 1)
            horner, _ = lax.scan(lambda s, c: (s * t + c, None), jnp.zeros(n), x, reverse=True)
            return 0.5 * jnp.sum((jnp.sign(t) - horner) ** 2)

        def primal_by_product(x):
            t = -1.0 + 2.0 * jnp.arange(n) / (n - 1)
            powers = jnp.cumprod(jnp.concatenate([jnp.ones((1, n)), jnp.broadcast_to(t, (len(x) - 1, n))]), axis=0)
            return 0.5 * jnp.sum((jnp.sign(t) - x @ powers) ** 2)

        return {"primal": primal, "gradient": jax.grad(primal), "gradient:product": jax.grad(primal_by_product)}

    if eval_name == "ode":
        s = sizes["s"]

        def primal(x):
            h = 2.0 / s
            slope = lambda y: x * jnp.concatenate([jnp.ones(1), y[:-1]])

            def step(y, _):
                k1 = slope(y)
                k2 = slope(y + h / 2 * k1)
                k3 = slope(y + h / 2 * k2)
                k4 = slope(y + h * k3)
                return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

            return lax.scan(jax.checkpoint(step), jnp.zeros_like(x), None, length=s)[0]

        return {"primal": primal, "gradient": jax.grad(lambda x: primal(x)[-1])}

    if eval_name == "kmeans":

        def distances(points, centroids):  # but for |p|^2
            return jnp.sum(centroids**2, axis=1) - 2 * points @ centroids.T

        def cost(points, centroids):
            return jnp.sum(points**2) + jnp.sum(jnp.min(distances(points, centroids), axis=1))

        def cost_by_index(points, centroids):
            near = jnp.argmin(distances(points, centroids), axis=1)
            return jnp.sum((points - centroids[near]) ** 2)

        def direction(of):
            def newton(points, centroids):
                gradient = jax.grad(lambda c: of(points, c))
                j, h = jax.jvp(gradient, (centroids,), (jnp.ones_like(centroids),))
                return j / h

            return newton

        return {"cost": cost, "dir": direction(cost), "dir:index": direction(cost_by_index)}

    if eval_name == "gmm":

        def objective(alpha, mu, q, l, x, gamma, m):
            (n, d), k = x.shape, alpha.shape[0]
            columns, rows = jnp.triu_indices(d, 1)  # column by column of the strict lower part
            roots = jnp.zeros((k, d, d)).at[:, rows, columns].set(l)
            roots = roots + jax.vmap(jnp.diag)(jnp.exp(q))
            # Q (x - mu) as one matrix product over all components.
            z = (x @ roots.reshape(k * d, d).T).reshape(n, k, d) - jnp.einsum("kab,kb->ka", roots, mu)
            beta = alpha + jnp.sum(q, axis=1) - 0.5 * jnp.sum(z**2, axis=2)
            dof = d + m + 1
            log_gamma = 0.25 * d * (d - 1) * jnp.log(jnp.pi) + jnp.sum(
                jax.scipy.special.gammaln(0.5 * dof - 0.5 * jnp.arange(d)))
            constant = dof * d * (jnp.log(gamma) - 0.5 * jnp.log(2.0)) - log_gamma
            prior = k * constant - 0.5 * gamma**2 * (jnp.sum(jnp.exp(q) ** 2) + jnp.sum(l**2)) + m * jnp.sum(q)
            lse = jax.scipy.special.logsumexp
            return -0.5 * n * d * jnp.log(2 * jnp.pi) - n * lse(alpha) + jnp.sum(lse(beta, axis=1)) + prior

        return {"objective": objective, "jacobian": jax.grad(objective, argnums=(0, 1, 2, 3))}

    if eval_name == "lstm":

        def objective(main, extra, state, sequence):
            l, b = state.shape[0] // 2, state.shape[1]
            weights = main.reshape(l, 2, 4, b)

            def step(carry, characters):
                hidden, memory = carry
                now, following = characters
                # These two gates need no layer below: all layers at once.
                ingates = jax.nn.sigmoid(hidden * weights[:, 0, 1] + weights[:, 1, 1])
                kept = ingates * jnp.tanh(hidden * weights[:, 0, 3] + weights[:, 1, 3])
                v = now * extra[0]
                hs, cs = [], []
                for i in range(l):
                    forget, outgate = jax.nn.sigmoid(v * weights[i, 0, ::2] + weights[i, 1, ::2])
                    c = memory[i] * forget + kept[i]
                    v = outgate * jnp.tanh(c)
                    hs.append(v)
                    cs.append(c)
                y = v * extra[1] + extra[2]
                return (jnp.stack(hs), jnp.stack(cs)), jnp.sum(following * (y - jnp.log(2 + jnp.sum(jnp.exp(y)))))

            _, terms = lax.scan(step, (state[::2], state[1::2]), (sequence[:-1], sequence[1:]))
            return -jnp.sum(terms) / (b * (sequence.shape[0] - 1))

        return {"objective": objective, "jacobian": jax.grad(objective, argnums=(0, 1))}

    return {}


# ---------------------------------------------------------------- measuring


def read(np, folder, entry):
    kind = np.int64 if entry.get("integer") else np.float64
    return np.fromfile(os.path.join(folder, entry["file"]), dtype=kind).reshape(entry["shape"])


def relative_error(np, got, expected):
    most = max(float(np.max(np.abs(np.asarray(g) - e), initial=0.0)) for g, e in zip(got, expected))
    scale = max(float(np.max(np.abs(e), initial=0.0)) for e in expected)
    return most / scale if scale > 0 else most


def measure(jax, call, inputs, seconds):
    samples = []
    jax.block_until_ready(call(*inputs))
    jax.block_until_ready(call(*inputs))
    start = time.perf_counter()
    while len(samples) < 3 or (time.perf_counter() - start < seconds and len(samples) < 20000):
        begin = time.perf_counter()
        jax.block_until_ready(call(*inputs))
        samples.append((time.perf_counter() - begin) * 1e6)
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("manifest")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3)
    arguments = parser.parse_args()
    prepare_environment(arguments.threads)
    rows, notes = [], []
    try:
        import jax
        import jax.numpy as jnp
        import numpy as np
    except ImportError as e:
        print(json.dumps({"rows": [], "notes": [f"jax: not measured, {e}"]}))
        return
    if arguments.threads == 1:
        jax.config.update("jax_cpu_enable_async_dispatch", False)
    with open(arguments.manifest) as file:
        workloads = json.load(file)
    folder = os.path.dirname(arguments.manifest)
    for w in workloads:
        inputs = [jax.device_put(read(np, folder, entry)) for entry in w["inputs"]]
        for name, function in build(jax, jnp, w["eval"], w["sizes"]).items():
            known = name.split(":")[0]  # a second way to the same result; the faster one stands
            expected = [read(np, folder, entry) for entry in w["expected"][known]]
            call = jax.jit(function)
            result = call(*inputs)
            got = result if isinstance(result, (tuple, list)) else (result,)
            samples = measure(jax, call, inputs, arguments.seconds)
            row = {"suite": "gradbench", "workload": f"{w['eval']}.{known}", "size": w["size"], "tool": "jax",
                   "threads": arguments.threads, "median_us": statistics.median(samples), "min_us": min(samples),
                   "max_us": max(samples), "runs": len(samples), "error": relative_error(np, got, expected)}
            same = [r for r in rows if (r["workload"], r["size"]) == (row["workload"], row["size"])]
            if not same:
                rows.append(row)
            elif same[0]["median_us"] > row["median_us"]:
                rows[rows.index(same[0])] = row
    print(json.dumps({"rows": rows, "notes": notes}))


if __name__ == "__main__":
    main()
