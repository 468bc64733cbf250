# SPDX-License-Identifier: MIT
# filterbed run: command, directory, statuses, environment.
. "$(dirname "$0")/lib.sh"
need_fuse
mkdir -p "d/sub dir"
echo hi >d/a.txt

fb run -f "$NULL" -d d -- cat a.txt
exits 0
prints hi
says "null, altitude 370030.5, 1 instance, unloaded"
says IRP_MJ_CREATE
says "filterbed: no findings"

fb run -q -f "$NULL" -d d -- sh -c 'exit 7'
exits 7 "the command's own"
check "quiet is quiet" [ ! -s err ]
fb run -q -f "$NULL" -d d -- sh -c 'kill -TERM $$'
exits 143 "128 + SIGTERM"
fb run -q -f "$NULL" -d d -- sh -c 'pwd; echo $FILTERBED_MOUNT; echo $PWD'
prints "$WORK/d
$WORK/d
$WORK/d"
( cd "d/sub dir" && "$FILTERBED" run -q -f "$NULL" -d .. -- pwd ) >out 2>err
prints "$WORK/d/sub dir"
echo data | "$FILTERBED" run -q -f "$NULL" -d d -- sh -c 'cat >from-stdin' 2>err
check "standard input reaches the command" grep -qx data d/from-stdin
fb run -q -f "$NULL" -d d -- sh -c 'cat /proc/self/mountinfo | grep -c fuse.filterbed; echo new >made; mv made kept'
prints 1
check "the file is there afterwards" grep -qx new d/kept
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
fb run -q -f "$NULL" -d d -- env
check "no library is preloaded into the command" sh -c '! grep -q ^LD_PRELOAD= out'

# An empty volume in memory, with a mount
fb run -q -f "$NULL" --memory -- sh -c 'ls -A; echo one >a; mkdir b; mv a b; cat b/a; ls -A; pwd | grep -q "^$FILTERBED_MOUNT"'
exits 0
prints "one
b"

# Two filters, in the wrong order; a built module beside its INF
module=$("$FILTERBED" build "$NULL" 2>/dev/null)
mkdir built
cp "$module" built/null.so
cp "$NULL/null.inf" built/
fb run -f built/null.so -f "$TRACK" -d d -- cat a.txt
exits 0
prints hi
says "null, altitude 370030.5, 1 instance, unloaded"
says "ctxtrack, altitude"
fb run -q --log log -f "$TRACK" -d d -- cat a.txt
check "driver output goes to the log" grep -q '^ctxtrack: ' log
says_not "ctxtrack: "
