#!/usr/bin/env python3
"""The seed workloads in JAX (jit) and PyTorch (eager and torch.compile).

Input:  --threads N, the number of cores that every tool is held to.
Output: with --json one object {"machine", "rows", "missing", "failed"} on stdout; otherwise a table.

Each tool runs in a process of its own, so that no tool's thread pool disturbs another's, with the environment set
before its first import and the process bound to the first N cores it may use. A call is timed from the inputs in
the framework's own arrays to the finished result. Inputs rotate through a small pool, and the result for every
member of the pool is compared with the closed form, computed by NumPy in f64; "error" is the largest difference
divided by the largest magnitude of the expected result.

JAX can run a call on the caller's thread or hand it to another (asynchronous dispatch, its default). The first is
faster for short calls and on one core, the second for some long ones; each row is JAX's faster way.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time

TOOLS = ("jax", "torch-eager", "torch-compile")
MODULE_OF = {"jax": "jax", "torch-eager": "torch", "torch-compile": "torch"}
SIZES = {
    "ScalarGrad": (1,),
    "VectorGrad": (100, 500, 1000),
    "MatMulGrad": (100, 500, 1000),
    "MatMulSquared": (100, 500, 1000),
    "ChainGrad": (100, 500, 1000),
    "HigherOrderGrad": (100, 500, 1000),
}
POOL = 4  # inputs rotated through from call to call


# ---------------------------------------------------------------- inputs and closed forms


def make_inputs(np, workload, n):
    """POOL tuples of f32 arrays; the first of a tuple is differentiated."""
    rng = np.random.default_rng(20240131 + n)
    uniform = lambda *shape: rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    if workload == "ScalarGrad":
        return [(np.float32(5.0 + k / 1024.0),) for k in range(POOL)]
    if workload in ("VectorGrad", "HigherOrderGrad"):
        return [(uniform(n),) for _ in range(POOL)]
    if workload == "ChainGrad":
        return [(uniform(n, n),) for _ in range(POOL)]
    return [(uniform(n, n), uniform(n, n)) for _ in range(POOL)]


def closed_form(np, workload, inputs):
    """The gradient with respect to the first input, in f64."""
    x, *rest = [np.asarray(a, dtype=np.float64) for a in inputs]
    if workload in ("ScalarGrad", "VectorGrad"):
        return 2.0 * x
    if workload == "MatMulGrad":
        return np.broadcast_to(rest[0].sum(axis=1), x.shape)
    if workload == "MatMulSquared":
        return 2.0 * (x @ rest[0]) @ rest[0].T
    if workload == "ChainGrad":
        t = np.tanh(x * x)
        return np.exp(t) * (1.0 - t * t) * 2.0 * x
    return 6.0 * x  # HigherOrderGrad: d/dx sum(3 x^2)


def relative_error(np, got, expected):
    got = np.asarray(got, dtype=np.float64)
    if got.shape != expected.shape:
        raise ValueError(f"shape {got.shape}, expected {expected.shape}")
    return float(np.max(np.abs(got - expected)) / max(float(np.max(np.abs(expected))), 1e-300))


# ---------------------------------------------------------------- the tools: (call, to_native, to_numpy)


def jax_gradient(workload):
    import jax
    import jax.numpy as jnp

    losses = {
        "ScalarGrad": lambda x: x * x,
        "VectorGrad": lambda x: jnp.sum(x * x),
        "MatMulGrad": lambda x, w: jnp.sum(x @ w),
        "MatMulSquared": lambda x, w: jnp.sum((x @ w) ** 2),
        "ChainGrad": lambda x: jnp.sum(jnp.exp(jnp.tanh(x * x))),
        "HigherOrderGrad": lambda x: jnp.sum(jax.grad(lambda y: jnp.sum(y**3))(x)),
    }
    gradient = jax.jit(jax.grad(losses[workload]))
    call = lambda inputs: gradient(*inputs).block_until_ready()
    to_native = lambda inputs: tuple(jax.block_until_ready(jax.device_put(a)) for a in inputs)
    return call, to_native, lambda r: r


def torch_losses():
    import torch

    return {
        "ScalarGrad": lambda x: x * x,
        "VectorGrad": lambda x: (x * x).sum(),
        "MatMulGrad": lambda x, w: (x @ w).sum(),
        "MatMulSquared": lambda x, w: ((x @ w) ** 2).sum(),
        "ChainGrad": lambda x: torch.exp(torch.tanh(x * x)).sum(),
    }


def torch_eager_gradient(workload):
    import torch

    if workload == "HigherOrderGrad":

        def call(inputs):
            x = inputs[0]
            (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
            return torch.autograd.grad(first.sum(), x)[0]

    else:
        loss = torch_losses()[workload]
        call = lambda inputs: torch.autograd.grad(loss(*inputs), inputs[0])[0]

    def to_native(inputs):
        x, *rest = [torch.tensor(a) for a in inputs]
        return (x.requires_grad_(True), *rest)

    return call, to_native, lambda r: r.detach().numpy()


def torch_compile_gradient(workload):
    import torch

    torch._dynamo.reset()  # the limit on recompilations counts the workloads before this one too
    if workload == "HigherOrderGrad":
        inner = torch.func.grad(lambda y: (y**3).sum())
        gradient = torch.func.grad(lambda x: inner(x).sum())
    else:
        gradient = torch.func.grad(torch_losses()[workload])
    compiled = torch.compile(gradient, fullgraph=True, dynamic=False)
    to_native = lambda inputs: tuple(torch.tensor(a) for a in inputs)
    return (lambda inputs: compiled(*inputs)), to_native, lambda r: r.detach().numpy()


GRADIENTS = {"jax": jax_gradient, "torch-eager": torch_eager_gradient, "torch-compile": torch_compile_gradient}


# ---------------------------------------------------------------- timing


def time_calls(call, pool, budget):
    """Microseconds of single calls: a fifth of the budget warms up; at least 7 and at most 20000 are kept."""
    clock = time.perf_counter_ns
    end = clock() + int(budget * 0.2e9)
    k = 0
    while k < 2 * len(pool) or clock() < end:
        call(pool[k % len(pool)])
        k += 1
    samples = []
    end = clock() + int(budget * 0.8e9)
    while len(samples) < 7 or (clock() < end and len(samples) < 20000):
        inputs = pool[len(samples) % len(pool)]
        start = clock()
        call(inputs)
        samples.append((clock() - start) * 1e-3)
    return samples


def measure(np, tool, workload, n, threads, budget):
    call, to_native, to_numpy = GRADIENTS[tool](workload)
    raw = make_inputs(np, workload, n)
    pool = [to_native(inputs) for inputs in raw]
    error = max(relative_error(np, to_numpy(call(p)), closed_form(np, workload, r)) for p, r in zip(pool, raw))
    samples = time_calls(call, pool, budget)
    return {
        "suite": "seed",
        "workload": workload,
        "size": str(n),
        "tool": tool,
        "threads": threads,
        "median_us": round(statistics.median(samples), 4),
        "min_us": round(min(samples), 4),
        "max_us": round(max(samples), 4),
        "runs": len(samples),
        "error": error,
    }


# ---------------------------------------------------------------- one tool in this process


def hold_to(threads):
    """Binds this process to its first `threads` cores and tells every library so; must precede their imports."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = (flags + " --xla_cpu_multi_thread_eigen=false").strip()


def run_tool(tool, args):
    hold_to(args.threads)
    import numpy as np

    if tool == "jax":
        import jax

        jax.config.update("jax_cpu_enable_async_dispatch", args.jax_async)
        version = jax.__version__
    else:
        import torch

        torch.set_num_threads(args.threads)
        torch.set_num_interop_threads(1)
        version = torch.__version__
    rows, failed = [], []
    for workload, n in selected(args):
        print(f"{tool} {workload} {n}", file=sys.stderr, flush=True)
        try:
            rows.append(measure(np, tool, workload, n, args.threads, args.budget))
        except Exception as e:  # a peer that fails is reported, never allowed to end the run
            reason = " ".join(str(e).split()) or type(e).__name__
            failed.append({"tool": tool, "workload": workload, "size": str(n), "reason": reason[:300]})
    return {"rows": rows, "failed": failed, "version": version}


# ---------------------------------------------------------------- all tools


def selected(args):
    for workload, sizes in SIZES.items():
        if not args.workload or workload in args.workload:
            for n in sizes:
                if not args.size or n in args.size:
                    yield workload, n


def machine(threads, versions):
    cpu = platform.processor() or "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            cpu = next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), cpu)
    except OSError:
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "threads": threads,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def run_child(tool, args, *flags):
    """The result of one tool in a process of its own; raises SubprocessError or ValueError where there is none."""
    command = [sys.executable, os.path.abspath(__file__), "--child", tool, "--threads", str(args.threads)]
    command += ["--budget", str(args.budget), *flags]
    for workload in args.workload or ():
        command += ["--workload", workload]
    for n in args.size or ():
        command += ["--size", str(n)]
    sink = None if args.progress else subprocess.DEVNULL
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=sink, timeout=args.timeout, check=True)
    return json.loads(done.stdout)


def faster_rows(a, b):
    """For each workload and size the row with the smaller median."""
    best = {}
    for row in a + b:
        key = (row["workload"], row["size"])
        if key not in best or row["median_us"] < best[key]["median_us"]:
            best[key] = row
    return list(best.values())


def run_all(args):
    rows, failed, missing, versions = [], [], [], {}
    for tool in args.tool or TOOLS:
        needed = ("numpy", MODULE_OF[tool])
        absent = [m for m in needed if importlib.util.find_spec(m) is None]
        if absent:
            missing.append({"tool": tool, "module": absent[0]})
            continue
        try:
            result = run_child(tool, args)
            if tool == "jax" and args.threads > 1:
                result["rows"] = faster_rows(result["rows"], run_child(tool, args, "--jax-async")["rows"])
        except (subprocess.SubprocessError, ValueError) as e:
            failed.append({"tool": tool, "workload": "", "size": "", "reason": f"{type(e).__name__}: {e}"[:300]})
            continue
        rows += result["rows"]
        failed += result["failed"]
        versions[MODULE_OF[tool]] = result["version"]
    return {"machine": machine(args.threads, versions), "rows": rows, "missing": missing, "failed": failed}


def print_table(result):
    for r in result["rows"]:
        spread = f"[{r['min_us']:.2f}, {r['max_us']:.2f}]"
        print(
            f"{r['workload']:<16} {r['size']:>5} {r['tool']:<14} {r['median_us']:>11.2f} us  {spread:<26}"
            f" {r['runs']:>6} runs  error {r['error']:.1e}"
        )
    for m in result["missing"]:
        print(f"{m['tool']}: not measured, the module {m['module']} cannot be imported")
    for f in result["failed"]:
        print(f"{f['tool']} {f['workload']} {f['size']}: failed: {f['reason']}")


def main():
    parser = argparse.ArgumentParser(description="The seed workloads in JAX and PyTorch.")
    parser.add_argument("--threads", type=int, default=1, help="cores each tool is held to")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--tool", action="append", choices=TOOLS)
    parser.add_argument("--workload", action="append", choices=list(SIZES))
    parser.add_argument("--size", action="append", type=int)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds a row, warm-up included")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds a tool may take in all")
    parser.add_argument("--progress", action="store_true", help="name each row on stderr as it starts")
    parser.add_argument("--jax-async", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", choices=TOOLS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not 1 <= args.threads <= len(os.sched_getaffinity(0)):
        parser.error(f"--threads must lie between 1 and {len(os.sched_getaffinity(0))}")
    if args.child:
        # What a framework prints must not mix with the result: everything but it goes to stderr.
        out = os.dup(1)
        os.dup2(2, 1)
        result = run_tool(args.child, args)
        with os.fdopen(out, "w") as f:
            json.dump(result, f)
        return
    result = run_all(args)
    if args.json:
        json.dump(result, sys.stdout)
        print()
    else:
        print_table(result)


if __name__ == "__main__":
    main()
