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
# The server of a run, by its parent
server_of()
{
    pgrep -P "$1" -xf 'filterbed --server'
}
# The server is killed: the command loses the directory, the report says why
rm -f d/*
start sh -c 'echo >ready; sleep 2; cat ready; echo "status $?"'
kill -KILL "$(server_of $run)"
wait $run
status=$?
exits 125
says "the server died: SIGKILL"
check "the command was told" grep -q "status 1" out
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
# The supervisor is killed: so goes the server
rm -f d/*
start sh -c 'echo >ready; sleep 2; cat ready'
server=$(server_of $run)
check "there is a server" [ -n "$server" ]
kill -KILL $run
wait $run 2>/dev/null
for _ in $(seq 100); do
    [ "$(sed 's/.*) //; s/ .*//' "/proc/$server/stat" 2>/dev/null)" = Z ] && break
    [ -e "/proc/$server" ] || break
    sleep 0.05
done
check "the server has ended" sh -c "[ ! -e /proc/$server ] || grep -q ') Z ' /proc/$server/stat"
