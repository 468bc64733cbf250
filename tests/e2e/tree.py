#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tree.py DIR [--no-times]: one line for every object below DIR, with everything that two equal trees share."""
import hashlib
import os
import stat
import sys

root, times = sys.argv[1], "--no-times" not in sys.argv
links = {}


def digest(path):
    h = hashlib.sha256()
    try:
        f = open(path, "rb")
    except PermissionError:
        return "unreadable"
    with f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()[:16]


def xattrs(path):
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
    except OSError as e:
        return f"xattr error {e.errno}" if e.errno != 95 else ""
    return ",".join(f"{n}={os.getxattr(path, n, follow_symlinks=False).hex()}" for n in names)


def describe(path, name):
    st = os.lstat(path)
    parts = [name, f"{st.st_mode:o}", f"{st.st_uid}:{st.st_gid}", f"nlink={st.st_nlink}"]
    if stat.S_ISREG(st.st_mode):
        parts += [f"size={st.st_size}", digest(path)]
    if stat.S_ISLNK(st.st_mode):
        parts.append("-> " + os.readlink(path))
    if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        parts.append(f"rdev={st.st_rdev:x}")
    if times and not stat.S_ISDIR(st.st_mode):
        parts.append(f"mtime={st.st_mtime_ns}")
    if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
        parts.append("same as " + links.setdefault(st.st_ino, name))
    parts.append(xattrs(path))
    print(" ".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


for top, dirs, files in os.walk(root):
    dirs.sort()
    describe(top, os.path.relpath(top, root) + "/")
    for f in sorted(files + [d for d in dirs if os.path.islink(os.path.join(top, d))]):
        path = os.path.join(top, f)
        describe(path, os.path.relpath(path, root))
