# SPDX-License-Identifier: MIT
# A filter that swaps buffers and masks data: programs see what they wrote, the directory below holds the masked bytes.
. "$(dirname "$0")/lib.sh"
need_fuse
driver masker 141000
here=$SOURCE/tests/e2e
cat >unmask.py <<'PY'
import sys
sys.stdout.buffer.write(bytes(b ^ 0x5A for b in open(sys.argv[1], "rb").read()))
PY
mkdir d
head -c 300000 /dev/urandom >plain
cp plain d/outside
fb run -f masker -d d -- bash -c '
    cmp <(python3 ../unmask.py ../plain) outside && cp ../plain copied && cmp ../plain copied
    dd if=../plain of=direct bs=4096 count=16 oflag=direct status=none
    dd if=direct bs=8192 iflag=direct status=none | cmp - <(head -c 65536 ../plain)
    printf abc >small && printf def >>small && cat small && echo
    dd if=copied of=part bs=1000 skip=3 count=7 status=none && dd if=../plain bs=1000 skip=3 count=7 status=none | cmp - part
    python3 - <<PY
import mmap
with open("copied", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    assert m[:] == open("../plain", "rb").read()
    m[299990:300000] = b"0123456789"
    m[0:3] = b"map"
    m.flush()
    m.close()
with open("copied", "rb") as f:
    assert f.read(3) == b"map" and f.seek(299995) and f.read() == b"56789"
PY
    ls'
exits 0
prints "abcdef
copied
direct
outside
part
small"
says "swapped: reads yes, writes yes, lists yes, wrong 0"
says "filterbed: no findings"
check "masked below" sh -c '[ "$(python3 unmask.py d/small)" = abcdef ] && [ "$(cat d/small)" != abcdef ]'
check "mapped below" sh -c '[ "$(python3 unmask.py d/copied | head -c 3)" = map ]'
check "direct below" sh -c 'python3 unmask.py d/direct | cmp - d/direct | grep -q differ; python3 unmask.py d/direct | head -c 65536 >x; head -c 65536 plain | cmp - x'
check "what was there is as it was" cmp plain d/outside
# Two in a row cancel each other out, and swap each other's buffers
sed 's/ksaM/2saM/;s/masker/second/' masker/masker.c >second.c
mkdir second && mv second.c second/ && minimal_inf second 141001 >second/second.inf
fb run -f masker -f second -d d -- sh -c 'cat small | od -c | head -n 1; cp ../plain twice; cmp ../plain twice'
exits 0
says "filterbed: no findings"
check "twice masked is plain" cmp plain d/twice
# The harder work, through both (holes are holes again)
( cd "$SOURCE" && tar -c -f "$WORK/some.tar" CMakeLists.txt src/port src/vf src/host src/view include/nt/ntos )
mkdir seen bare
( cd bare && bash "$here/work_hard.sh" "$WORK/some.tar" ) >bare.out 2>bare.err
check "the work itself: $(cat bare.err)" [ $? -eq 0 ]
fb run -f masker -f second -d seen -- bash "$here/work_hard.sh" "$WORK/some.tar"
exits 0
says "filterbed: no findings"
check "same output" diff bare.out out
python3 "$here/tree.py" bare >bare.tree
python3 "$here/tree.py" seen >seen.tree
check "same tree" diff bare.tree seen.tree
check "something was compared" [ "$(wc -l <bare.tree)" -gt 300 ]
