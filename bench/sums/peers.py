#!/usr/bin/env python3
"""Sums and inner products in NumPy and JAX.

Input:  a JSON file {"arrays": [{"name", "elem", "x", "y"}], "lengths": [n, …]}; x and y are files of raw numbers.
Output: one JSON object {"results": [{"tool", "what", "array", "n", "value"}], "notes": […]} on stdout.
"""

import json
import os
import sys


def main():
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    with open(sys.argv[1]) as f:
        manifest = json.load(f)
    import numpy as np

    notes = []
    tools = {"numpy": {"sum": lambda x, y: np.sum(x), "dot": lambda x, y: np.dot(x, y)}}
    try:
        import jax
        import jax.numpy as jnp

        total, inner = jax.jit(jnp.sum), jax.jit(jnp.dot)
        tools["jax"] = {"sum": lambda x, y: total(x), "dot": lambda x, y: inner(x, y)}
    except ImportError:
        notes.append("jax is not installed")
    results = []
    folder = os.path.dirname(sys.argv[1])
    for number, array in enumerate(manifest["arrays"]):
        kind = {"f32": np.float32, "f64": np.float64}[array["elem"]]
        x, y = (np.fromfile(os.path.join(folder, array[k]), kind) for k in ("x", "y"))
        for n in manifest["lengths"]:
            for tool, functions in tools.items():
                for what, function in functions.items():
                    value = float(function(x[:n], y[:n]))
                    results.append({"tool": tool, "what": what, "array": number, "n": n, "value": value})
    print(json.dumps({"results": results, "notes": notes}))


if __name__ == "__main__":
    main()
