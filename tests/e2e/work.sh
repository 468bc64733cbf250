# SPDX-License-Identifier: MIT
# The work that test_run_compare.sh has done twice, in the current directory. $1: a tar file.
set -eu
export SOURCE_DATE_EPOCH=1700000000 GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
mkdir tree
tar -x -f "$1" -C tree
cp -a tree copy
mv copy renamed
mkdir -p deep/er/est "with blank" "$(printf 'um\303\244l\303\274t')" "$(printf 'bad\377utf8')" 'a:b*c?d|e"f<g>h\i'
mv renamed deep/er/
ln tree/CMakeLists.txt hard1
ln hard1 deep/hard2
ln -s tree/CMakeLists.txt soft
ln -s /nonexistent/target broken
ln -s tree dirlink
chmod 0751 tree
chmod 4755 hard1
chmod 0000 tree/LICENSE
touch -d '2001-02-03 04:05:06.123456789 UTC' hard1 "with blank"
touch -h -d '2002-02-03 04:05:06.987654321 UTC' soft broken
truncate -s 12345 grown
truncate -s 0 tree/README.md 2>/dev/null || :
dd if=/dev/zero of=holes bs=1 count=1 seek=1048576 status=none
dd if="$1" of=part bs=1000 skip=3 count=7 status=none
dd if="$1" of=part bs=512 seek=2 count=3 conv=notrunc status=none
fallocate -l 65536 reserved
printf 'one\n' >appended
printf 'two\n' >>appended
mkfifo pipe
if [ "$(id -u)" = 0 ]; then
    chown 1000:1001 appended deep
    chown -h 1002:1003 soft
    mknod null c 1 3
fi
setfattr -n user.test -v value appended 2>/dev/null || :
setfattr -n user.test2 -v 0xdeadbeef00 deep 2>/dev/null || :
setfattr -n user.gone -v x part 2>/dev/null && setfattr -x user.gone part || :
install -m 0640 appended installed
cp --sparse=always holes sparse
cp --reflink=auto holes cloned
rm -r deep/er/renamed/src
rm "hard1"
printf 'replaced' >new && mv new installed
mkdir empty && rmdir empty
: >truncated && printf 'content' >truncated && : >truncated
printf 'abc' >swap1; printf 'def' >swap2; mv swap1 swap3; mv swap2 swap1; mv swap3 swap2
python3 - <<'PY'
import mmap, os
with open("mapped", "wb") as f:
    f.write(b"x" * 10000)
with open("mapped", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    m[4000:4010] = b"0123456789"
    m.flush()
    m.close()
f = os.open("unlinked", os.O_RDWR | os.O_CREAT)
os.write(f, b"still there")
os.unlink("unlinked")
assert os.pread(f, 20, 0) == b"still there" and os.fstat(f).st_nlink == 0
os.close(f)
f = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600) if hasattr(os, "O_TMPFILE") else None
if f is not None:
    os.write(f, b"temporary")
    os.close(f)
for i in range(300):
    open(f"many{i:03}", "w").write(str(i))
for i in range(0, 300, 2):
    os.unlink(f"many{i:03}")
assert len([n for n in os.listdir(".") if n.startswith("many")]) == 150
try:
    os.rmdir("tree")
    raise SystemExit("rmdir of a full directory succeeded")
except OSError as e:
    assert e.errno == 39, e
try:
    os.open("many001", os.O_CREAT | os.O_EXCL)
    raise SystemExit("O_EXCL opened what was there")
except FileExistsError:
    pass
PY
for f in appended grown holes installed part reserved truncated swap1 swap2 sparse cloned mapped \
    many* dirlink null pipe tree/README.md; do
    [ ! -e "$f" ] || touch -h -d '2003-03-03 03:03:03 UTC' "$f"
done
git init -q -b main repo
cd repo
cp -r ../tree/src .
git add -A
git -c user.name=n -c user.email=e commit -q -m one
git mv src moved
printf 'change\n' >>moved/port/clock.c
git -c user.name=n -c user.email=e commit -q -a -m two
git status --short
git fsck --strict 2>&1 | grep -v '^notice' || :
git rev-parse HEAD
cd ..
rm -rf repo/.git/index repo/.git/logs
find repo -newermt '2005-01-01' -exec touch -h -d '2004-04-04 04:04:04 UTC' {} +
find . -name '*.c' | sort | wc -l
