# SPDX-License-Identifier: MIT
# Harder work than work.sh, for comparing a mount with a bare directory; in the current directory. $1: a tar file.
set -eu
export SOURCE_DATE_EPOCH=1700000000 GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# Names: as long as they get, in several scripts, with everything that Windows forbids
long=$(printf 'n%.0s' $(seq 255))
mkdir names
printf 'long' >"names/$long"
mv "names/$long" "names/${long%n}m"
for n in 'Ωμέγα' '漢字' '😀.txt' 'e\xcc\x81' 'é' 'trailing.' 'trailing ' ' leading' 'CON' 'nul.txt' 'a<b>c:d"e|f?g*h\i' $'tab\tnew\nline' \
    $'\001\037' $'\xef\x80\x81' $'\xff\xfe' 'UPPER' 'upper' '...' '-' '*' '$MFT' 'x:$DATA' ':stream' '~1'; do
    printf '%s' "$n" >"names/$n"
    test "$(cat "names/$n")" = "$n"
done
find names -type f | wc -l
d=names
for i in $(seq 60); do
    d=$d/directory-number-$i
done
mkdir -p "$d"
printf 'deep' >"$d/file"
( cd "$d" && mv file file2 && cat file2 && echo )

# A build
mkdir build
cd build
for i in $(seq 24); do
    printf '#include "all.h"\nint f%d(int x)\n{\n    return x * %d + N;\n}\n' "$i" "$i" >"f$i.c"
done
{ echo '#define N 3'; for i in $(seq 24); do echo "int f$i(int);"; done; } >all.h
{ echo '#include <stdio.h>'; echo '#include "all.h"'; echo 'int main(void) { int s = 0;'
  for i in $(seq 24); do echo "s += f$i($i);"; done; echo 'printf("%d\n", s); return 0; }'; } >main.c
cat >Makefile <<'MAKE'
OBJECTS = main.o $(patsubst %.c,%.o,$(wildcard f*.c))
all: program libf.a
program: $(OBJECTS)
	$(CC) -o $@ $(sort $^)
libf.a: $(filter-out main.o,$(OBJECTS))
	ar rcD $@ $(sort $^)
%.o: %.c all.h
	$(CC) -O1 -c -o $@ $<
clean:
	rm -f program libf.a *.o
MAKE
make -s -j4 CC=gcc
./program
make -s -j4 CC=gcc
touch -d '+2 seconds' all.h
make -j4 CC=gcc | wc -l
cp program kept
make -s clean
./kept
cd ..

# Links
mkdir links
printf 'linked' >links/one
for i in $(seq 50); do
    ln links/one "links/two$i"
done
stat -c '%h %s' links/one
rm links/one
printf 'more' >>links/two7
cat links/two50 && echo
rm links/two[1-4]?
stat -c '%h' links/two7
ln -s ../links links/self
cat links/self/self/self/two7 && echo
ln -s loop2 links/loop1 && ln -s loop1 links/loop2
cat links/loop1 2>/dev/null || echo 'loop refused'

# Databases
if command -v sqlite3 >/dev/null; then
    sqlite3 base.db "pragma journal_mode=delete; create table t(a integer primary key, b text);" \
        "with recursive c(x) as (select 1 union all select x+1 from c where x<5000) insert into t select x, hex(x*x) from c;" \
        "delete from t where a%7=0; vacuum;" "select count(*), sum(length(b)) from t; pragma integrity_check;"
    sqlite3 wal.db "pragma journal_mode=wal; create table t(a integer primary key, b text);" \
        "with recursive c(x) as (select 1 union all select x+1 from c where x<5000) insert into t select x, hex(x*x) from c;" \
        "update t set b=b||b where a%3=0; select count(*), sum(length(b)) from t; pragma integrity_check;"
fi

# Direct I/O, holes, many sizes
dd if="$1" of=direct bs=4096 count=16 oflag=direct status=none
dd if=direct of=direct2 bs=8192 iflag=direct status=none
cmp direct direct2
dd if=/dev/zero of=direct bs=4096 count=2 seek=3 oflag=direct conv=notrunc status=none
truncate -s 5000000 sparse
printf 'middle' | dd of=sparse bs=1 seek=2500000 conv=notrunc status=none
fallocate -p -o 0 -l 4096 sparse 2>/dev/null || :
cp --sparse=always sparse sparse2
cmp sparse sparse2

python3 - "$1" <<'PY'
import hashlib, mmap, os, random, sys, threading
rng = random.Random(42)

# Random writes and reads of one file, against a model in memory
SIZE = 300000
model = bytearray(SIZE)
length = 0
fd = os.open("random", os.O_RDWR | os.O_CREAT, 0o644)
for step in range(3000):
    what = rng.random()
    at = rng.randrange(SIZE)
    n = min(rng.choice((1, 7, 100, 511, 512, 513, 4095, 4096, 4097, 20000, 70000)), SIZE - at)
    if what < 0.45:
        data = rng.randbytes(n)
        assert os.pwrite(fd, data, at) == n
        model[at:at + n] = data
        length = max(length, at + n)
    elif what < 0.9:
        got = os.pread(fd, n, at)
        assert got == bytes(model[at:min(at + n, length)]), (step, at, n)
    elif what < 0.95:
        os.ftruncate(fd, at)
        model[at:] = bytes(SIZE - at)
        length = at
    else:
        assert os.fstat(fd).st_size == length
os.fsync(fd)
os.close(fd)
assert open("random", "rb").read() == bytes(model[:length])

# Vectors, append, holes
fd = os.open("vector", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
assert os.writev(fd, [b"a" * 5000, b"b" * 3, b"c" * 9000]) == 14003
assert os.pwritev(fd, [b"z"], 0) == 1
buffers = [bytearray(4096), bytearray(10000)]
assert os.preadv(fd, buffers, 4) == 14000
os.close(fd)
fd = os.open("empty", os.O_RDWR | os.O_CREAT)
assert os.read(fd, 10) == b"" and os.pread(fd, 10, 99999) == b"" and os.write(fd, b"") == 0
os.close(fd)

# Maps: private, shared, between a map and read/write, beyond what was written
with open("map", "w+b") as f:
    f.truncate(100001)
    m = mmap.mmap(f.fileno(), 0)
    m[99990:100001] = b"end of file"
    m[0:5] = b"start"
    m.flush()
    assert os.pread(f.fileno(), 5, 0) == b"start"
    os.pwrite(f.fileno(), b"through write", 5000)
    assert m[5000:5013] == b"through write", m[5000:5013]
    p = mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE)
    p[0:5] = b"PRIVA"
    assert m[0:5] == b"start"
    p.close()
    m.close()
with open("map", "rb") as f:
    assert hashlib.sha256(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)).digest() == hashlib.sha256(f.read()).digest()
with open("map2", "w+b") as f:
    f.truncate(65536)
    m = mmap.mmap(f.fileno(), 0)
os.unlink("map2")
m[1:3] = b"ok"
assert m[0:4] == b"\0ok\0"
m.close()

# An open file under several changes of name
f = open("walker", "w+b")
f.write(b"0")
for i in range(20):
    os.rename("walker" if i == 0 else f"walker{i - 1}", f"walker{i}")
    f.write(b"%d" % i)
    f.flush()
    assert os.fstat(f.fileno()).st_size == os.stat(f"walker{i}").st_size
f.close()
os.makedirs("moving/inner")
f = open("moving/inner/file", "w")
os.rename("moving", "moved")
f.write("after the move")
f.close()
assert open("moved/inner/file").read() == "after the move"

# Replacing what is open
for i in range(20):
    with open("target", "w") as old:
        old.write("old")
        old.flush()
        with open("source", "w") as new:
            new.write(f"new{i}")
        os.replace("source", "target")
        assert os.fstat(old.fileno()).st_nlink == 0
    assert open("target").read() == f"new{i}"

# Several threads and processes, each with files of its own and one that is shared
def work(k):
    os.makedirs(f"par/{k}", exist_ok=True)
    for i in range(60):
        name = f"par/{k}/f{i}"
        with open(name, "wb") as f:
            f.write(bytes([k]) * (i * 100))
        os.rename(name, name + "x")
        assert os.stat(name + "x").st_size == i * 100
        with open("par/shared", "r+b") as f:
            os.pwrite(f.fileno(), bytes([k]) * 100, k * 100)
        if i % 2:
            os.unlink(name + "x")
        os.listdir("par")
os.mkdir("par")
open("par/shared", "wb").close()
children = []
for k in range(4):
    pid = os.fork()
    if pid == 0:
        try:
            threads = [threading.Thread(target=work, args=(k * 4 + t,)) for t in range(2)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            os._exit(0)
        except BaseException:
            os._exit(1)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
print(sum(len(files) for _, _, files in os.walk("par")))

# Listing while the directory changes; every name that stays is listed once
os.mkdir("listing")
for i in range(2000):
    open(f"listing/entry-with-a-name-{i}", "w").close()
seen = []
with os.scandir("listing") as it:
    for n, e in enumerate(it):
        seen.append(e.name)
        if n % 5 == 0:
            os.unlink(f"listing/{e.name}")
assert len(seen) == len(set(seen)) == 2000, (len(seen), len(set(seen)))
print(len(os.listdir("listing")))

# Errors
import errno
def fails(code, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == code, (e, call, args)
        return
    raise SystemExit(f"{call} {args} succeeded")
os.mkdir("d")
open("d/f", "w").close()
fails(errno.ENOENT, os.stat, "nothing")
fails(errno.ENOENT, os.unlink, "nothing")
fails(errno.ENOTDIR, os.stat, "d/f/x")
fails(errno.ENOTDIR, os.rmdir, "d/f")
fails(errno.EISDIR, os.unlink, "d")
fails(errno.EEXIST, os.mkdir, "d")
fails(errno.EEXIST, os.link, "d/f", "target")
fails(errno.EEXIST, os.symlink, "x", "target")
fails(errno.ENOTEMPTY, os.rmdir, "d")
fails(errno.ENOTEMPTY, os.rename, "moved", "d")
fails(errno.EISDIR, os.rename, "target", "d")
fails(errno.ENOTDIR, os.rename, "d", "target")
fails(errno.EINVAL, os.rename, "d", "d/below")
fails(errno.ENAMETOOLONG, os.stat, "n" * 256)
fails(errno.ENAMETOOLONG, os.mkdir, "n" * 256)
fails(errno.EISDIR, os.open, "d", os.O_WRONLY)
fails(errno.EPERM, os.link, "d", "d2")
fails(errno.EINVAL, os.readlink, "target")
fails(errno.ELOOP, os.open, "links/loop1", os.O_RDONLY)
os.rename("d/f", "d/f")
os.link("d/f", "d/g")
os.rename("d/f", "d/g")
print(sorted(os.listdir("d")))
PY

# Moves and removals of whole trees
mkdir tree && tar -x -f "$1" -C tree
cp -al tree twin
mv tree elsewhere
rm -rf twin/src
find elsewhere -type f -links 2 | wc -l
chmod -R go-w elsewhere
tar -c --sort=name --mtime=@0 --owner=0 --group=0 -f - elsewhere | sha256sum
git init -q -b main origin
cp -r elsewhere/src origin
( cd origin && git add -A && git -c user.name=n -c user.email=e commit -q -m one && git gc -q )
git clone -q origin clone
git clone -q --no-local file://"$PWD"/origin clone2
( cd clone2 && printf 'x\n' >>src/port/log.c && git -c user.name=n -c user.email=e commit -q -a -m two && git fsck 2>/dev/null &&
    git push -q origin HEAD:refs/heads/other && git log --format=%H -1 && git checkout -q HEAD~1 && git grep -c PORT | wc -l )
rm -rf origin clone/.git clone2/.git base.db wal.db*
rm -rf elsewhere/include
# What differs by the clock alone gets one time
find . -newermt '2005-01-01' -exec touch -h -d '2004-04-04 04:04:04 UTC' {} +
find . | wc -l
