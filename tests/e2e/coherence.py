# SPDX-License-Identifier: MIT
"""Inside a mount: changes that others make must show at once.

coherence.py behind PIPE_OUT PIPE_IN   another process, outside, changes the directory on request
coherence.py outside PIPE_OUT PIPE_IN  is that process: in the bare directory
coherence.py driver                    the driver "meddler" changes files when do.<verb> is opened
"""
import mmap
import os
import sys
import time

LIMIT = 4 if os.environ.get("SANITIZE") else 0.9  # seconds; without invalidation it would take a minute
failures = 0
slowest = 0.0


def until(what, test):
    """Waits for test() without sleeping long; more than LIMIT is a failure."""
    global failures, slowest
    start = time.monotonic()
    while not test():
        if time.monotonic() - start > 5:
            print(f"never seen: {what}")
            failures += 1
            return
        time.sleep(0.0005)
    took = time.monotonic() - start
    slowest = max(slowest, took)
    if took > LIMIT:
        print(f"seen after {took:.3f} s: {what}")
        failures += 1


def content(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def size(path):
    return os.stat(path).st_size


def ended():
    if failures:
        sys.exit(f"{failures} failures")
    print("coherent")


def outside(requests, answers):
    """Executes one line of Python after the other."""
    with open(requests) as r, open(answers, "w") as a:
        for line in r:
            exec(line)  # written by behind() below
            a.write("done\n")
            a.flush()


def behind(requests, answers):
    r, a = open(requests, "w"), open(answers)

    def do(line):
        r.write(line + "\n")
        r.flush()
        assert a.readline() == "done\n"

    open("f", "w").write("first")
    os.mkdir("d")
    open("d/gone", "w").close()
    # what the kernel is to forget
    assert size("f") == 5 and os.path.exists("d/gone") and os.listdir("d") == ["gone"]
    do("open('f', 'a').write(' and more')")
    until("size", lambda: size("f") == 14)
    until("contents", lambda: content("f") == b"first and more")
    do("os.truncate('f', 3)")
    until("truncated", lambda: size("f") == 3 and content("f") == b"fir")
    with open("f", "r+b") as f:
        m = mmap.mmap(f.fileno(), 0)
        assert m[:] == b"fir"
        do("open('f', 'r+b').write(b'new')")
        until("mapped", lambda: m[:] == b"new")
        m.close()
    do("os.chmod('f', 0o640)")
    until("mode", lambda: os.stat("f").st_mode & 0o7777 == 0o640)
    do("os.utime('f', (1, 1000000000))")
    until("time", lambda: os.stat("f").st_mtime == 1000000000)
    do("os.setxattr('f', 'user.x', b'y')") if hasattr(os, "setxattr") else None
    do("os.link('f', 'd/hard')")
    until("number of links", lambda: os.stat("f").st_nlink == 2)
    do("open('d/hard', 'a').write('by the other name')")
    until("written by the other name", lambda: size("f") == 20)
    do("os.unlink('d/hard')")
    until("a link less", lambda: os.stat("f").st_nlink == 1)
    do("os.rename('f', 'd/g')")
    until("renamed: old name", lambda: not os.path.exists("f"))
    until("renamed: new name", lambda: os.path.exists("d/g"))
    time_of_d = os.stat("d").st_mtime_ns
    do("open('d/made', 'w').write('made')")
    until("made", lambda: content("d/made") == b"made")
    until("time of the directory", lambda: os.stat("d").st_mtime_ns != time_of_d)
    until("listed", lambda: sorted(os.listdir("d")) == ["g", "gone", "made"])
    do("os.unlink('d/gone')")
    until("deleted", lambda: not os.path.exists("d/gone"))
    do("open('other', 'w').write('replacement'); os.rename('other', 'd/made')")
    until("replaced", lambda: content("d/made") == b"replacement" and size("d/made") == 11)
    do("os.mkdir('d/sub'); open('d/sub/x', 'w').write('1')")
    until("made below", lambda: content("d/sub/x") == b"1")
    do("os.rename('d', 'e')")
    until("directory: old name", lambda: not os.path.exists("d/sub/x"))
    until("directory: new name", lambda: content("e/sub/x") == b"1")
    do("os.rename('e/sub/x', 'e/sub/y'); open('e/sub/x', 'w').write('two')")
    until("another file by that name", lambda: content("e/sub/x") == b"two" and size("e/sub/y") == 1)
    # a name that is used again at once, many times: what is seen is never older than the last answer
    for i in range(200):
        do(f"open('tmp', 'w').write('{i}'); os.rename('tmp', 'e/again')")
        until("used again", lambda: content("e/again") == str(i).encode())
        until("its size", lambda: size("e/again") == len(str(i)))
    # one file written from both sides all the time
    with open("busy", "wb", buffering=0) as f:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            os.pwrite(f.fileno(), b"x", 0)
        before = size("busy")
        do("open('busy', 'ab').write(b'behind')")
        until("behind a file that is written all the time", lambda: size("busy") == before + 6)
    do("for n in range(20000): open('many', 'w').close()")
    until("after many events", lambda: size("many") == 0)
    do("import shutil; shutil.rmtree('e')")
    until("all gone", lambda: not os.path.exists("e"))
    r.close()


def driver():
    def do(verb):
        open("do." + verb).close()

    assert size("target") == 8 and os.listdir("dir") == []
    held = open("target", "rb")
    do("w")
    until("size", lambda: size("target") == 21)
    until("contents", lambda: content("target") == b"what the driver wrote")
    m = mmap.mmap(held.fileno(), 0, prot=mmap.PROT_READ)
    assert m[:4] == b"what"
    do("t")
    until("truncated", lambda: size("target") == 4 and content("target") == b"what")
    m.close()
    do("a")
    until("time", lambda: os.stat("target").st_mtime == 978307200)
    do("l")
    until("linked", lambda: os.stat("target").st_nlink == 2 and os.path.exists("dir/linked"))
    before = os.stat("dir").st_mtime_ns
    time.sleep(0.01)
    do("c")
    until("made", lambda: os.path.exists("dir/made"))
    until("time of the directory", lambda: os.stat("dir").st_mtime_ns != before)
    links = os.stat("dir").st_nlink
    do("d")
    until("directory made", lambda: os.path.isdir("dir/sub") and os.stat("dir").st_nlink == links + 1)
    do("r")
    until("renamed: old name", lambda: not os.path.exists("target"))
    until("renamed: new name", lambda: content("dir/moved") == b"what")
    open("target", "w").write("second")
    assert content("other") == b"other one"
    do("o")
    until("replaced", lambda: content("other") == b"second" and size("other") == 6)
    until("old name", lambda: not os.path.exists("target"))
    do("u")
    until("deleted", lambda: not os.path.exists("other"))
    until("not listed", lambda: "other" not in os.listdir("."))
    held.close()


if sys.argv[1] == "outside":
    outside(*sys.argv[2:])
else:
    {"behind": behind, "driver": driver}[sys.argv[1]](*sys.argv[2:])
    print(f"slowest: {slowest * 1000:.1f} ms", file=sys.stderr)
    ended()
