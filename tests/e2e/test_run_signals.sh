# SPDX-License-Identifier: MIT
# Ctrl-C, SIGTERM: the command gets them once, the mount goes, the report comes.
. "$(dirname "$0")/lib.sh"
need_fuse
mkdir d
# A terminal's Ctrl-C reaches the whole process group. setsid gives the run a group of its own.
start()
{
    env --default-signal=INT setsid "$FILTERBED" run -f "$NULL" -d d -- "$@" >out 2>err &
    run=$!
    for _ in $(seq 200); do
        [ -e d/ready ] && break
        sleep 0.05
    done
    check "the command started" [ -e d/ready ]
}
start sh -c 'echo complete >done; echo >ready; sleep 30'
kill -INT -- "-$run"
wait $run
status=$?
exits 130
says "command ended by SIGINT"
says "filterbed: no findings"
check "complete operations are there" grep -qx complete d/done
rm -f d/*
# Sent to the supervisor alone: forwarded
start bash -c 'trap "echo got >got; exit 3" TERM; echo >ready; while :; do sleep 0.05; done'
kill -TERM $run
wait $run
status=$?
exits 3
check "the command got it" grep -qx got d/got
rm -f d/*
start bash -c 'trap "echo once >>usr1" USR1; echo >ready; while [ ! -e usr1 ]; do sleep 0.05; done; sleep 0.2'
kill -USR1 $run
wait $run
status=$?
exits 0
check "once" [ "$(wc -l <d/usr1)" = 1 ]
rm -f d/*
# A process that the command leaves behind does not keep the run from ending
fb run -f "$NULL" -d d -- sh -c '(sleep 20 >/dev/null 2>&1) & exit 4'
exits 4
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
check "no server is left" sh -c "! grep -lsz '^XDG_CACHE_HOME=$XDG_CACHE_HOME' \$(pgrep -xf 'filterbed --server' | sed 's,.*,/proc/&/environ,') </dev/null"
# A script
printf 'sleep 20000\nlist\n' >s
env --default-signal=INT setsid "$FILTERBED" run -q -f "$NULL" -d d --script s >out 2>err &
run=$!
sleep 1
kill -INT $run
started=$SECONDS
wait $run
check "a script is interrupted" [ $((SECONDS - started)) -lt 10 ]
