# SPDX-License-Identifier: MIT
# Not root: a user namespace where the device may be opened; a clear message where not.
. "$(dirname "$0")/lib.sh"
need_fuse
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
    echo "SKIPPED: needs root, to become somebody else and to lend him a device"
    exit 77
fi
mkdir d
echo hi >d/a.txt
chown -R 65534:65534 "$WORK"
chmod 755 "$WORK"
mknod fuse c 10 229
nobody()
{
    timeout 100 unshare -m bash -c 'mode=$1; shift
        chmod $mode fuse; mount --bind fuse /dev/fuse || exit 99
        exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"' - "$@" >out 2>err </dev/null
    status=$?
}
nobody 600 "$FILTERBED" run -q -f "$NULL" -d d -- cat a.txt
if ! command -v fusermount3 >/dev/null || [ $status -ne 0 ]; then
    exits 125
    says "/dev/fuse"
fi
nobody 600 "$FILTERBED" run -q -f "$NULL" -d d --script <(echo read a.txt)
nobody 666 unshare -Ur true
if [ $status -ne 0 ]; then
    echo "SKIPPED: user namespaces are not permitted: $(cat err)"
    exit 77
fi
nobody 666 "$FILTERBED" run -q -f "$NULL" -d d -- sh -c 'cat a.txt; id -u; pwd; echo mine >made; stat -c %u made; ls -ln a.txt | cut -c1-10'
exits 0
prints "hi
65534
$WORK/d
65534
-rw-r--r--"
nobody 666 "$FILTERBED" run -q --metadata=cached --report json:report.json -f "$NULL" -d d -- cat a.txt
exits 0
check "changes behind the mount are not seen, and that is said" [ "$(python3 -c 'import json; print(json.load(open("report.json"))["front"]["watching"])')" = False ]
check "the file is there, and his" [ "$(stat -c %u d/made)" = 65534 ]
nobody 666 "$FILTERBED" run -q -f "$NULL" --memory -- sh -c 'echo x >y; cat y'
exits 0
prints x
# A directory of the search path that is closed to him does not make a missing command a forbidden one.
mkdir -m 700 closed
nobody 666 env PATH="$WORK/closed:$PATH" "$FILTERBED" run -q -f "$NULL" -d d -- no-such-command
exits 127
says "no-such-command: command not found"
# A relative name is looked up where the command starts, and that is said.
echo exit 0 >exercise.sh
chmod 755 exercise.sh
fb run -f "$NULL" -d d -- ./exercise.sh
exits 127
says "./exercise.sh: command not found; commands start in $WORK/d"
fb run -q -f "$NULL" -d d -- ../exercise.sh
exits 0
