# SPDX-License-Identifier: MIT
# Reads that a filter holds for ever: signals cancel them, and so does the end of the run for processes that are left behind.
. "$(dirname "$0")/lib.sh"
need_fuse
driver holder 370110
mkdir d
echo free >d/free
echo content >d/held
started=$SECONDS
fb run -f holder -d d -- bash -c '
    cat free
    timeout -s INT 1 cat held; echo $?
    timeout -s KILL 1 cat held 2>/dev/null; echo killed
    (cat held & cat held & timeout 20 dd if=held bs=4096 iflag=direct) >/dev/null 2>&1 &
    sleep 0.5; cat free; disown -a; exit 5'
exits 5
prints "free
124
killed
free"
says "5 cancelled"
says "filterbed: no findings"
check "nothing waited for a read that is held" [ $((SECONDS - started)) -lt 15 ]
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
# Ctrl-C while a read is held
setsid env --default-signal=INT "$FILTERBED" run -f holder -d d -- sh -c 'echo >ready; cat held' >out 2>err &
run=$!
for _ in $(seq 200); do
    [ -e d/ready ] && break
    sleep 0.05
done
sleep 0.3
started=$SECONDS
kill -INT -- "-$run"
wait $run
status=$?
exits 130
says "1 cancelled"
says "filterbed: no findings"
check "Ctrl-C ends a held read" [ $((SECONDS - started)) -lt 10 ]
