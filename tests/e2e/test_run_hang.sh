# SPDX-License-Identifier: MIT
# A callback that never returns, and a DriverEntry that never does: named, with where they are; the run ends.
. "$(dirname "$0")/lib.sh"
driver hanging 370100
"$FILTERBED" build hanging >/dev/null # so that the seconds below are not spent in compilers
mkdir d
touch d/hang-here d/other
# A script, interrupted
printf 'read other\nread hang-here\n' >s
env --default-signal=INT timeout -s INT 3 "$FILTERBED" run -f hanging --watchdog=1 --error-exitcode=99 -d d --script s >out 2>err
status=$?
[ $status -ne 124 ] || status=99 # timeout's own, when the program took the signal
exits 99
says "H-01"
says "a call into hanging has not returned"
says 'pre IRP_MJ_CREATE of \hang-here'
says "HangingPreCreate"
says "hanging.c:$(grep -n KeWaitForSingleObject hanging/hanging.c | head -n 1 | cut -d: -f1)"
# DriverEntry
sed -i "s,#if ENTRY_HANGS,#if 1," hanging/hanging.c
"$FILTERBED" build hanging >/dev/null
started=$SECONDS
env --default-signal=INT timeout -s INT 3 "$FILTERBED" run -f hanging -d d --script s >out 2>err
check "it ended" [ $((SECONDS - started)) -lt 30 ]
says "interrupted while the filters were loading"
sed -i 's/#if 1/#if ENTRY_HANGS/' hanging/hanging.c
"$FILTERBED" build hanging >/dev/null

need_fuse
started=$SECONDS
fb run -f hanging --watchdog=1 --error-exitcode=99 -d d -- sh -c 'cat other; timeout -s KILL 1 cat hang-here; ls; exit 5'
exits 99
prints "hang-here
other"
says "a call into hanging has not returned"
says "HangingPreCreate"
check "it ended" [ $((SECONDS - started)) -lt 60 ]
# While one is held, others are served
fb run -q -f hanging --watchdog=1 -d d --threads=2 -- sh -c 'for i in 1 2 3 4 5 6; do timeout -s KILL 2 cat hang-here & done; sleep 0.5; cat other; echo done; wait'
exits 0
prints done
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
# Terminated while the command waits in the callback: its end waits for an answer that never comes
timeout -s KILL 100 timeout -s TERM 2 "$FILTERBED" run -f hanging --watchdog=1 -d d -- cat hang-here >out 2>err
status=$?
exits 124 "the program ended by itself"
says "a call into hanging has not returned"
check "nothing stays mounted" sh -c "! grep -q '$WORK.*fuse.filterbed' /proc/mounts"
# Ctrl-C in an unload that hangs: it is given up at once, and reported
driver stuck 370100
"$FILTERBED" build stuck >/dev/null
env --default-signal=INT setsid "$FILTERBED" run -f stuck --watchdog=60 --error-exitcode=99 -d d -- true >out 2>err &
run=$!
sleep 3
started=$SECONDS
kill -INT $run
wait $run
status=$?
exits 99
check "it was not waited for" [ $((SECONDS - started)) -lt 15 ]
says "the unload routine of stuck has not returned"
says "stuck, altitude 370100, 1 instance, abandoned"
