#!/usr/bin/env python3
"""Writes the sources with what a page adds to them into a folder; files that are as they should be are left alone.

A block whose fence is ```cpp FILE, ```c FILE or ```text FILE is that file. Of a block ```diff FILE the lines with a blank or - before
them stand in the file as they are, and those with a blank or + take their place.

usage: page.py PAGE SOURCE COPY"""
import pathlib
import re
import sys

PARTS = ["CMakeLists.txt", "CMakePresets.json", "cmake", "compiler", "dsl", "runtime", "bench", "examples", "tests"]


def main():
    page, source, copy = (pathlib.Path(a) for a in sys.argv[1:])
    files = {}
    for part in PARTS:
        root = source / part
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file():
                files[path.relative_to(source).as_posix()] = path.read_bytes()
    for kind, name, body in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", page.read_text(), re.M | re.S):
        if kind != "diff":
            files[name] = body.encode()
            continue
        lines = body.splitlines()
        old = "".join(line[1:] + "\n" for line in lines if line[:1] != "+")
        new = "".join(line[1:] + "\n" for line in lines if line[:1] != "-")
        text = files[name].decode()
        if text.count(old) != 1:
            sys.exit(f"{page}: {name} has {text.count(old)} places that read\n{old}")
        files[name] = text.replace(old, new).encode()
    for part in PARTS:  # what is gone from the sources
        for path in sorted((copy / part).rglob("*")):
            if path.is_file() and path.relative_to(copy).as_posix() not in files:
                path.unlink()
    for name, content in files.items():
        path = copy / name
        if path.is_file() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod((source / name).stat().st_mode if (source / name).is_file() else 0o644)


main()
