# SPDX-License-Identifier: MIT
# Options with values that do not fit, said twice, empty; standard descriptors that are closed or full; reports that cannot be written.
. "$(dirname "$0")/lib.sh"
mkdir d
echo x >d/file
echo list >s

wrong()
{
    local message=$1
    shift
    fb run -f "$NULL" "$@"
    exits 2 "$*"
    says "$message"
}
wrong '--threads takes a number from 1 to 4096, not "5x"' -d d --threads 5x --script s
wrong '--threads takes a number from 1 to 4096, not "0"' -d d --threads=0 --script s
wrong '--max-threads takes a number from 1 to 4096, not "99999999999999999999"' -d d --max-threads 99999999999999999999 --script s
wrong '--threads is more than --max-threads' -d d --threads=4 --max-threads=2 --script s
wrong '--error-exitcode takes a number from 0 to 255, not "-1"' -d d --error-exitcode -1 --script s
wrong '--watchdog takes a number from 1 to 100000, not ""' -d d --watchdog= --script s
wrong '--case takes sensitive or insensitive, not "Insensitive"' -d d --case=Insensitive --script s
wrong '--verify takes off, standard, full or stop, not "--script"' -d d --verify --script s
wrong '--directory is given twice: d and e' -d d -d e --script s
wrong '--script is given twice: s and t' -d d --script s --script t
wrong 'an empty value for --directory' -d '' --script s
wrong 'an empty value for --script' -d d --script ''
wrong 'an empty value for --filter' -f '' -d d --script s
wrong 'option needs a value: -d' -d
fb build -j many "$NULL"
exits 2
says "--jobs takes a number from 1 to 4096, not many"

# Reports are known to be lost before anything runs
for where in /nowhere/report d; do
    fb run -f "$NULL" -d d --report "json:$where" --script s
    exits 125
    says "cannot write the report to $where"
    prints ""
done
fb run -q -f "$NULL" -d d --report json:r --report text:/dev/null --script s
exits 0
check "a report that is not there yet is no mistake" [ -s r ]

# Output that cannot be written is not a script that passed
"$FILTERBED" run -f "$NULL" -d d --script s >/dev/full 2>err
status=$?
exits 1
says "s: its output cannot be written: No space left on device"

# Driver output that cannot be written: said, once; the run goes on
driver moody 370120
fb run -f moody -d d --log /dev/full --script s
exits 0
says "driver output cannot be written: No space left on device"

# Closed standard descriptors
for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
    eval "\"\$FILTERBED\" run -f \"\$NULL\" -d d --report text:r --script s $closed" >/dev/null 2>&1
    status=$?
    exits 0 "$closed"
    check "the report with $closed" grep -q 'IRP_MJ_CREATE' r
done

need_fuse
for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
    eval "\"\$FILTERBED\" run -f \"\$NULL\" -d d --report text:r -- sh -c 'readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >seen' $closed" 2>/dev/null
    check "the report with $closed and a command" grep -q 'command exited with' r
    check "the command finds none of our files" sh -c "! grep -q '/dev/fuse\|socket:' d/seen"
done
# The root itself
fb run -f "$NULL" -d / -- true
exits 125
says "the root directory cannot be shown to a command"
# Names of all kinds
for name in 'a b' ä 'com,ma\back' -dash $'new\nline' $'\xff\xfe'; do
    mkdir -p -- "$name"
    echo "$name" >"./$name/in it"
    fb run -q -f "$NULL" -d "$name" -- cat 'in it'
    exits 0 "$name"
    prints "$name"
done
# Through a symbolic link, from inside
ln -s d link
mkdir d/sub
fb run -q -f "$NULL" -d link -- pwd
prints "$WORK/d"
cd d/sub || exit 1
fb run -q -f "$NULL" -d ../../link -- pwd
cd "$WORK" || exit 1
prints "$WORK/d/sub"
# A directory that is gone
mkdir gone
cd gone || exit 1
rmdir ../gone
fb run -f "$NULL" -d . -- true
cd "$WORK" || exit 1
exits 125
says "No such file or directory"
# One directory, two runs at a time
"$FILTERBED" run -q -f "$NULL" -d d -- sh -c 'echo >one; while [ ! -e two ]; do sleep 0.05; done; echo seen' >first 2>&1 &
while [ ! -e d/one ]; do
    sleep 0.05
done
fb run -q -f "$NULL" -d d -- sh -c 'cat one && echo >two'
exits 0
wait $!
check "each sees what the other did" [ "$(cat first)" = seen ]
# A disk that is full
if [ "$(id -u)" = 0 ] && mkdir tiny && unshare -m true 2>/dev/null; then
    cat >full.sh <<'SH'
mount -t tmpfs -o size=16k tmpfs tiny || exit 77
head -c 16384 /dev/zero >tiny/fill
"$FILTERBED" run -f "$NULL" -d d --report json:tiny/r --log tiny/log -- true
SH
    NULL=$NULL timeout -s KILL 120 unshare -m sh full.sh >out 2>err
    status=$?
    [ $status -eq 77 ] || exits 125
    [ $status -eq 77 ] || says "tiny/"
fi
