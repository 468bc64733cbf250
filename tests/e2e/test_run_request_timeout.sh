# SPDX-License-Identifier: MIT
# Requests that drivers never give back: named while the run goes on, and the run ends. Those that are only slow are not touched.
. "$(dirname "$0")/lib.sh"
driver keeper 370120
driver holder 370110
driver holdsirp 370125
driver hanging 370100
for d in keeper holder holdsirp hanging; do
    "$FILTERBED" build $d >/dev/null # so that the seconds below are not spent in compilers
done
LEGACY="-f holdsirp --load-order mount,holdsirp"

# begin NAME ARGS…: all of them at the same time: they mostly wait.  In NAME.d each has files of its own.
begin()
{
    local name=$1
    shift
    mkdir "$name.d"
    touch "$name.d/hang-here" "$name.d/other"
    echo text | tee "$name.d/a.forgotten" "$name.d/a.slow" "$name.d/held" "$name.d/never" >/dev/null
    ( timeout -s KILL 100 "$FILTERBED" run --watchdog=1 "$@" >"$name.out" 2>"$name.err"; echo $? >"$name.status" ) &
}
# ended NAME STATUS: now says and prints are about it.
ended()
{
    cp "$1.out" out
    cp "$1.err" err
    status=$(cat "$1.status")
    exits "$2" "$1"
}
printf 'write a.forgotten text\nread a.forgotten\necho behind\n' >forgotten.fbs
printf 'write held text\nread held\necho behind\n' >held.fbs
printf 'write never text\nread never\n' >never.fbs
printf 'read other\nread hang-here\n' >hang.fbs
printf 'write a.slow text\nexpect a.slow text\n' >slow.fbs
begin forgotten -f keeper --request-timeout=2 --memory --script forgotten.fbs
begin default -f keeper --error-exitcode=99 --memory --script forgotten.fbs
begin held -f holder --request-timeout=1 --error-exitcode=99 --memory --script held.fbs
begin legacy $LEGACY --request-timeout=1 --error-exitcode=99 --memory --script held.fbs
begin dispatch $LEGACY --request-timeout=1 --error-exitcode=99 --memory --script never.fbs
begin callback -f hanging --request-timeout=1 --error-exitcode=99 -d callback.d --script hang.fbs
begin slow -f keeper --error-exitcode=99 --memory --script slow.fbs
wait
# A minifilter that forgets what it pended
ended forgotten 125
says 'filterbed: no answer for 1 s yet: IRP_MJ_READ of \a.forgotten, pended by keeper'
says 'a driver has not given back a request for 2 s (--request-timeout): IRP_MJ_READ of \a.forgotten, pended by keeper; the run ends'
says "keeper: IO-15"
says 'IRP_MJ_READ of \a.forgotten has been with keeper for'
says "it passed FltMgr, keeper"
says "at KeeperPreRead"
check "nothing behind that line ran" sh -c '! grep -q behind out'
# The exit status of findings; the time that is default
ended default 99
says "a driver has not given back a request for 6 s"
# One that can be cancelled is cancelled; the unload is clean then
ended held 99
says "holder: IO-15"
says "1 cancelled"
says "holder, altitude 370110, 1 instance, unloaded"
# A legacy filter: pended, and a dispatch routine that waits for ever
ended legacy 99
says 'IRP_MJ_READ of \held has been with holdsirp for'
says "at Pass"
ended dispatch 99
says "holdsirp: H-01"
says 'a call into holdsirp has not returned for 1 s: dispatch IRP_MJ_READ of \never (thread'
says "at Pass"
# A callback
ended callback 99
says "a call into hanging has not returned for 1 s: "
says 'pre IRP_MJ_CREATE of \hang-here'
says "HangingPreCreate"
# One that is slow keeps its request, and is no finding
ended slow 0
says 'no answer for 1 s yet: IRP_MJ_READ of \a.slow, pended by keeper'
says "filterbed: no findings"
# 0: never; wrong values
env --default-signal=INT timeout -s INT 3 "$FILTERBED" run -f keeper --watchdog=1 --request-timeout=0 --memory --script forgotten.fbs >out 2>err
check "it goes on until it is interrupted" sh -c '! grep -q "has not given back a request" err'
says 'IRP_MJ_READ of \a.forgotten has been with keeper for'
fb run -f keeper --memory --request-timeout=x --script slow.fbs
says '--request-timeout takes a number from 0 to 100000, not "x"'

need_fuse
begin slow-cat -f keeper --request-timeout=6 --error-exitcode=99 -d slow-cat.d -- cat a.slow
begin cat -f keeper --request-timeout=1 --error-exitcode=99 -d cat.d -- sh -c 'cat other; cat a.forgotten; sleep 100'
begin callback-cat -f hanging --request-timeout=1 -d callback-cat.d -- cat hang-here
begin legacy-cat $LEGACY --request-timeout=1 --error-exitcode=99 -d legacy-cat.d -- cat held
begin lock -f keeper --request-timeout=1 --error-exitcode=99 -d lock.d -- \
    sh -c '(flock 9; sleep 3) 9>>other & sleep 0.5; flock other true; echo locked'
wait
ended slow-cat 0
prints text
says "filterbed: no findings"
ended cat 99
says 'IRP_MJ_READ of \a.forgotten has been with keeper for'
says "at KeeperPreRead"
ended callback-cat 125
says "a call into hanging has not returned for 1 s: "
says 'pre IRP_MJ_CREATE of \hang-here'
ended legacy-cat 99
says 'IRP_MJ_READ of \held has been with holdsirp for'
# Who waits for a lock waits for another program, not for a driver
ended lock 0
prints locked
says "filterbed: no findings"
check "nothing stays mounted" sh -c "! grep -q '$WORK.*fuse.filterbed' /proc/mounts"
