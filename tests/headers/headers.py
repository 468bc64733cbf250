#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every public header, included twice and with nothing before it, in one compiler mode; then whole.c or whole.cpp,
which uses what macros and inlines promise.  Exit status 77: the compiler is not there."""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-multichar", "-fms-extensions"]
ELF = ["-fshort-wchar"]
CLANG = ["-Wno-microsoft"]
MSVC = ["--target=x86_64-pc-windows-msvc", "-ffreestanding", "-nostdlibinc"]
MODES = {
    "gcc-c11": ("gcc", "c", ["-std=c11"] + ELF),
    "gcc-c17": ("gcc", "c", ["-std=gnu17", "-O2"] + ELF),
    "clang-c11": ("clang", "c", ["-std=c11"] + ELF + CLANG),
    "clang-c17": ("clang", "c", ["-std=gnu17", "-O2"] + ELF + CLANG),
    "g++-c++17": ("g++", "c++", ["-std=c++17"] + ELF),
    "clang++-c++17": ("clang++", "c++", ["-std=c++17"] + ELF + CLANG),
    "msvc-c17": ("clang", "c", ["-std=c17"] + MSVC + CLANG),
    "msvc-c++17": ("clang", "c++", ["-std=c++17"] + MSVC + CLANG),
}


def headers(include):
    found = []
    for directory, _, names in os.walk(include):
        for name in names:
            if name.endswith(".h"):
                found.append(os.path.relpath(os.path.join(directory, name), include))
    return sorted(found)


def compile_text(command, text):
    result = subprocess.run(command + ["-"], input=text, capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--include", required=True)
    arguments = parser.parse_args()
    compiler, language, flags = MODES[arguments.mode]
    if shutil.which(compiler) is None:
        print(f"{compiler} is not installed")
        return 77
    command = [compiler, *COMMON, *flags, "-I", arguments.include, "-x", language]
    names = headers(arguments.include)
    failed = 0

    def one(name):
        return name, *compile_text(command, f"#include <{name}>\n#include <{name}>\nextern int Nothing;\n")

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, status, errors in pool.map(one, names):
            print(f"{'ok  ' if status == 0 else 'FAIL'} {name}")
            if status != 0:
                failed += 1
                print(errors)
    for source in ("whole.c", "whole.cpp"):
        if source.endswith(".cpp") != (language == "c++"):
            continue
        with open(os.path.join(HERE, source), encoding="utf-8") as text:
            status, errors = compile_text(command, text.read())
        print(f"{'ok  ' if status == 0 else 'FAIL'} {source}")
        if status != 0:
            failed += 1
            print(errors)
    print(f"{arguments.mode}: {len(names)} headers, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
