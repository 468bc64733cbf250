# SPDX-License-Identifier: MIT
# A file system driver of one's own as the base of the volume: by a script, by programs, below filters of both kinds; two classic mistakes.
. "$(dirname "$0")/lib.sh"
TOY=$SOURCE/examples/toyfs
SPY=$SOURCE/examples/legacyspy
cat >s <<'FBS'
write a "hello there"
read a
mkdir d
rename a d/b
list d
read d/b
write c x
write c2 y
rename c c2
list
delete d/b
rmdir d
list
FBS
for filters in "" "-f $TRACK" "-f $SPY" "-f $SPY -f $TRACK" "-f $SPY -f $TRACK --load-order legacyspy,FltMgr"; do
    # shellcheck disable=SC2086
    fb run --fs "$TOY" $filters --error-exitcode=99 --report json:r.json --script s
    exits 0 "$filters"
    prints "hello there
b
hello there
c2
d
c2"
    python3 - <<'PY' || fail "the JSON report $filters"
import json
f = json.load(open("r.json"))["filters"][0]
assert f["file_system"] is True and f["state"] == "unloaded", f
live = {o["kind"]: o["live"] for o in f["objects"]}
assert live["pool block"] == 0 and live["device object"] == 0, live
PY
done
fb run --fs "$TOY" --memory --script s
exits 2
fb run --fs "$NULL" --script s
exits 125
says "it is a minifilter, not a file system"
fb run --fs "$SPY" --script s
exits 125
says "no file system driver mounts it"

check "in less than 800 lines" [ "$(cat "$TOY"/* | wc -l)" -lt 800 ]

# ---- mistakes ----
for mistake in TOY_FORGETS_TEARDOWN TOY_CLEARS_HEADER; do
    cp -r "$TOY" "$mistake"
    sed -i "s/#define $mistake 0/#define $mistake 1/" "$mistake/toyfs.h"
    for filter in "$TRACK" "$SPY"; do
        # Without teardown a legacy filter runs into freed memory
        [ "$mistake$filter" != "TOY_FORGETS_TEARDOWN$SPY" ] || continue
        fb run --fs "$mistake" -f "$filter" --verify=full --watchdog=1 --error-exitcode=99 --script s
        exits 99 "$mistake"
        case $mistake in
        TOY_FORGETS_TEARDOWN)
            says "$mistake: K-15, rule H-06"
            line=$(grep -n 'ExFreePoolWithTag(Node, TOY_TAG)' "$mistake/node.c" | tail -n 1 | cut -d: -f1)
            says "at ToyTreeFree ($mistake/node.c:$line)"
            ;;
        *)
            says "$mistake: IO-16, rule H-01"
            line=$(grep -n '^ToyDispatch' "$mistake/toyfs.c" | cut -d: -f1)
            check "IO-16: where" grep -qE "at ToyDispatch \($mistake/toyfs.c:($line|$((line + 1)))\)" err
            ;;
        esac
    done
done

# ---- programs ----
need_fuse
cp -r "$SOURCE/examples" from
cat >work.sh <<'SH'
set -eu
mkdir tree
(cd "$FROM" && tar -c -f - .) | tar -x -f - -C tree --no-same-permissions --no-same-owner
diff -r "$FROM" tree
mv tree/toyfs toy
cat toy/*.c | sort | sha256sum >sum
printf 'int main(void) { return 42; }\n' >main.c
gcc -c main.c -o main.o
gcc main.o -o main
./main || echo "main: $?"
dd if=/dev/zero of=holes bs=1 count=1 seek=100000 status=none
truncate -s 50000 holes
stat -c %s holes
for i in $(seq 50); do echo "$i" >"n$i" & done
wait
cat n* | sort -n | tail -n 1
find . -name '*.c' | sort
rm -r tree toy n*
ls
SH
mkdir bare
(cd bare && FROM=$WORK/from bash ../work.sh) >bare.out 2>bare.err
check "the work itself: $(cat bare.err)" [ $? -eq 0 ]
for filters in "" "-f $SPY -f $TRACK"; do
    # shellcheck disable=SC2086
    FROM=$WORK/from fb run --fs "$TOY" $filters --log=driver.log --error-exitcode=99 -- bash "$WORK/work.sh"
    exits 0 "programs $filters"
    check "same output $filters" diff bare.out out
done

# ---- one name made and removed by four processes: a node is freed once ----
cat >race.py <<'PY'
import os

def work():
    for _ in range(300):
        try:
            f = os.open("race", os.O_CREAT | os.O_RDWR, 0o600)
            os.write(f, b"x")
            os.close(f)
            os.unlink("race")
        except OSError:                                 # another process was faster
            pass


children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
PY
for _ in 1 2 3; do
    fb run --fs "$TOY" --error-exitcode=99 -- python3 "$WORK/race.py"
    exits 0 "one name made and removed by four processes"
done
