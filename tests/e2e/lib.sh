# SPDX-License-Identifier: MIT
# Shared by the end-to-end tests. Sourced by bash; needs FILTERBED, SOURCE (cmake sets them; by hand: the program, the repository).
set -u
: "${FILTERBED:?path of the program}" "${SOURCE:?root of the sources}"
SANITIZE=${SANITIZE:-}
LC_ALL=C.UTF-8
export LC_ALL
umask 022
WORK=$(mktemp -d "${TMPDIR:-/tmp}/filterbed-e2e-XXXXXX")
export XDG_CACHE_HOME=$WORK/cache
cd "$WORK" || exit 1
failures=0
checks=0
finish()
{
    code=$?
    cd / || exit 1
    if mount | grep -q " on $WORK"; then
        echo "FAIL: left mounted: $(mount | grep " on $WORK")"
        failures=$((failures + 1))
        umount -l "$WORK"/* 2>/dev/null
    fi
    rm -rf "$WORK"
    [ $code -eq 0 ] || exit $code
    echo "$checks checks, $failures failed"
    exit $((failures != 0)) # a bare exit in a trap keeps the status from before it
}
trap finish EXIT

fail()
{
    failures=$((failures + 1))
    echo "FAIL: $*"
    if [ -s "$WORK/err" ]; then
        sed 's/^/    /' "$WORK/err" | head -n 60
    fi
}
# check WHAT COMMAND…: the command must succeed
check()
{
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$what"
}
# Runs filterbed with a time limit; output in $WORK/out, $WORK/err, status in $status
fb()
{
    timeout -s KILL 120 "$FILTERBED" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    status=$?
    if [ -n "$SANITIZE" ] && grep -qE 'WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error: ' "$WORK/err"; then
        fail "a sanitizer's finding in filterbed $*"
    fi
}
# exits N: the last fb exited with N
exits()
{
    checks=$((checks + 1))
    [ "$status" -eq "$1" ] || fail "exit status $status, expected $1${2:+ ($2)}"
}
# says TEXT: standard error of the last fb has it, however its lines are broken
says()
{
    checks=$((checks + 1))
    tr -s ' \n' '  ' <"$WORK/err" | grep -qF -- "$1" || fail "standard error lacks: $1"
}
says_not()
{
    checks=$((checks + 1))
    ! grep -qF -- "$1" "$WORK/err" || fail "standard error has: $1"
}
prints()
{
    checks=$((checks + 1))
    [ "$(cat "$WORK/out")" = "$1" ] || fail "printed: $(cat "$WORK/out"); expected: $1"
}
need_fuse()
{
    if [ ! -e /dev/fuse ]; then
        echo "SKIPPED: there is no /dev/fuse"
        exit 77
    fi
    mkdir -p "$WORK/probe"
    if ! "$FILTERBED" run -q -f "$SOURCE/examples/null" -d "$WORK/probe" -- true >"$WORK/probe.log" 2>&1; then
        if grep -q 'not permitted\|not available' "$WORK/probe.log"; then
            echo "SKIPPED: $(head -n 1 "$WORK/probe.log")"
            exit 77
        fi
        cat "$WORK/probe.log"
        exit 1
    fi
}
# minimal_inf NAME ALTITUDE
minimal_inf()
{
    cat <<INF
[Version]
Signature = "\$Windows NT\$"
[DefaultInstall.NTamd64]
OptionDesc = "$1"
[DefaultInstall.NTamd64.Services]
AddService = $1,,Service
[Service]
ServiceType = 2
StartType = 3
ErrorControl = 1
ServiceBinary = %13%\\$1.sys
AddReg = Registry
[Registry]
HKR,"Instances","DefaultInstance",0,"$1 instance"
HKR,"Instances\\$1 instance","Altitude",0,"$2"
HKR,"Instances\\$1 instance","Flags",0x00010001,0
INF
}
# await COMMAND…: until it succeeds, at most 30 s
await()
{
    for _ in $(seq 150); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    return 1
}
# copies a test driver to $WORK/NAME, with an INF
driver()
{
    cp -r "$SOURCE/tests/e2e/drivers/$1" "$WORK/$1"
    minimal_inf "$1" "$2" >"$WORK/$1/$1.inf"
}
NULL=$SOURCE/examples/null
TRACK=$SOURCE/examples/ctxtrack
LEAKY=$SOURCE/examples/leaky
