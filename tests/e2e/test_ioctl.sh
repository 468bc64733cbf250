# SPDX-License-Identifier: MIT
# Programs at the devices of a run: filterbed ioctl, and the client library in a program of its own.
. "$(dirname "$0")/lib.sh"
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$XDG_RUNTIME_DIR"
CONTROL=$SOURCE/tests/e2e/drivers/control
MUTE=$SOURCE/tests/e2e/drivers/mute
start()
{
    "$FILTERBED" run "$@" --watchdog=1 --memory --script s >run.out 2>run.err &
    run=$!
    check "the run begins" await "$FILTERBED" ioctl --run $run FbControl 0x222000
}
finish_run()
{
    kill -TERM $run
    wait $run
    status=$?
}
# the report of the run, for says
report_is()
{
    cp run.err err
}
echo 'sleep 60000' >s

# ---- nothing there ----
fb ioctl FbControl 0x222000
exits 3
says "no filterbed run is under way"
fb ioctl --socket "$WORK/nowhere" FbControl 0x222000
exits 3
fb ioctl --list
exits 3

# ---- usage ----
for bad in "" "FbControl" "FbControl x" "FbControl 0x1ffffffff" "FbControl -5" "FbControl 1,2,3" "FbControl 1,2,4,0" "FbControl 1,0x1000,0,0" "FbControl 1,2,3,0,0" \
    "FbControl 1 2" "FbControl 1 --out-size x" "FbControl 1 --out-size 99999999999" "FbControl 1 --access some" "FbControl 1 --timeout 0" "FbControl 1 --run 0" \
    "FbControl 1 --in-hex 123" "FbControl 1 --in-hex 1g" "FbControl 1 --in-hex 12 --in-text a" "FbControl 1 --in /nonexistent" "--list FbControl" "FbControl 1 --run 1 --socket x" "--nonsense"; do
    fb ioctl $bad
    exits 2 "$bad"
done
fb ioctl --help
exits 0

# ---- requests ----
start -q -f "$CONTROL" -f "$MUTE"
fb ioctl FbControl 0x222000 --in-text hello --out-size 9
exits 0
prints olleh
for code in 0x22,0x800,0,0 'CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)' 2236416 '0x22,0x802,METHOD_OUT_DIRECT,0' '0x22,0x803,METHOD_NEITHER,0'; do
    fb ioctl '\\.\FbControl' "$code" --in-hex '61 62:63' --out-size 3
    exits 0 "$code"
    prints cba
done
fb ioctl FbControl '0x22,0x809,0,FILE_READ_ACCESS' --access read
exits 0
fb ioctl FbControl '0x22,0x80a,0,FILE_WRITE_ACCESS' --access read
exits 1
says "STATUS_ACCESS_DENIED"
printf '\001\002\003' >three
fb ioctl FbControl '0x22,0x801,1,0' --buffer three --out-size 3 --in three --json
exits 0
check "sum of both buffers" python3 -c 'import json; r = json.load(open("out")); assert r["information"] == 12 and r["status"] == 0 and r["output"] == "010203" and r["code"] == 0x222005'
head -c 300000 /dev/urandom >big
fb ioctl FbControl 0x222000 --in big --out-size 300000 --out back
exits 0
check "turned round" python3 -c 'assert open("big", "rb").read()[::-1] == open("back", "rb").read()'
fb ioctl FbControl 0x222000 --in-text hello --out-size 2
exits 1
says "FbControl: STATUS_BUFFER_TOO_SMALL"
fb ioctl FbControl 0x222030 --out-size 4
exits 1
says "STATUS_BUFFER_OVERFLOW"
prints pppp
fb ioctl '\Device\FbMute' 0x222000
exits 1
says 'STATUS_INVALID_DEVICE_REQUEST'
fb ioctl FbContrl 0x222000
exits 4
says 'STATUS_OBJECT_NAME_NOT_FOUND; near names: \Device\FbControl'
fb ioctl somethingelse 0x222000 --json
exits 4
says "drivers' devices:"
check "as JSON" python3 -c 'import json; r = json.load(open("out")); assert r["status"] == 0xC0000034 and r["errno"] == 2'
fb ioctl FbControl 0x222014 --timeout 0.2
exits 5
says "STATUS_CANCELLED"
fb ioctl --list
exits 0
check "the list" grep -qE '^\\Device\\FbControl +control, loaded$' out
fb ioctl --list --json
check "the list as JSON" python3 -c 'import json; assert {"name": "\\Device\\FbMute", "driver": "mute", "loaded": True} in json.load(open("out"))["devices"]'

# ---- programs that die, and wait when the run ends ----
"$FILTERBED" ioctl FbControl 0x222014 2>/dev/null &
killed=$!
"$FILTERBED" ioctl FbControl 0x222014 2>waiter.err &
waiter=$!
sleep 0.5
kill -KILL $killed
wait $killed 2>/dev/null
cancelled()
{
    "$FILTERBED" ioctl FbControl 0x222038 --out-size 20 | python3 -c 'import struct, sys; c = struct.unpack("5I", sys.stdin.buffer.read()); sys.exit(c[3] != 2)'
}
check "a dead program's request is cancelled" await cancelled
finish_run
report_is
exits 0
wait $waiter
check "whoever waits at the end is told" [ $? -ne 0 ]
check "in words" grep -q 'the run has ended' waiter.err
if [ -z "$SANITIZE" ]; then
    check "nothing is left" [ -z "$(ls "$XDG_RUNTIME_DIR/filterbed")" ]
fi

# ---- mistakes of drivers ----
start -f "$CONTROL"
line=$(grep -n 'ControlComplete(PIRP Irp, NTSTATUS' "$CONTROL/control.c" | cut -d: -f1)
fb ioctl FbControl 0x22202c --out-size 4
exits 0
fb ioctl FbControl 0x222020 --timeout 0.2
exits 5
says "did not end when it was cancelled"
fb ioctl FbControl 0x222034
exits 1
finish_run
report_is
says "control: IO-17"
says "IoStatus.Information 104, and its buffer has 4 bytes at ControlComplete (/"
check "IO-17: the line" grep -q "control.c:$((line + 4)))" run.err
says "control: IO-15"
says "of FbControl has been with control for"
says "at ControlDeviceControl"
says "control: K-00"
check "K-00: the line" grep -q "control.c:$(grep -n 'volatile int' "$CONTROL/control.c" | cut -d: -f1))" run.err

# ---- a program with the library; it is the run's command ----
cat >client.c <<'C'
#include <filterbed/client.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "codes.h"
int main(void)
{
    fbc_device *d;
    struct fbc_error e;
    struct control_who who;
    char out[5] = "";
    if (fbc_open(NULL, "\\\\.\\FbControl", &d, &e) != 0 || fbc_ioctl(d, CONTROL_REVERSE, "abcd", 4, out, 4, NULL, &e) != 0 ||
        fbc_ioctl(d, CONTROL_WHO, NULL, 0, &who, sizeof who, NULL, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    fbc_close(d);
    printf("%s %d\n", out, who.current == (unsigned long long)getpid() && who.requestor == who.current && who.mode == 1);
    return 0;
}
C
BUILT=${BUILD:-$(dirname "$(dirname "$FILTERBED")")}
if [ -z "$SANITIZE" ]; then
    check "installed" cmake --install "$BUILT" --component client --prefix "$WORK/usr" >/dev/null
    pc=$(dirname "$(find "$WORK/usr" -name filterbed-client.pc)")
    lib=$(dirname "$pc")
    sed -i "s|^prefix=.*|prefix=$WORK/usr|" "$pc/filterbed-client.pc"
    flags="-I$WORK/usr/include -L$lib -lfilterbed-client"
    if command -v pkg-config >/dev/null; then
        flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs filterbed-client)
    fi
    check "it compiles" "${CC:-cc}" -Wall -Wextra -Werror -I"$CONTROL" client.c -o client $flags
    check "the library is there" test -e "$lib/libfilterbed-client.so"
    check "only its own names" [ -z "$(nm -D --defined-only "$lib/libfilterbed-client.so" | grep -v ' fbc_')" ]
    need_fuse
    mkdir -p tree
    export LD_LIBRARY_PATH=$lib
    fb run -q -f "$CONTROL" -d tree -- "$WORK/client"
    unset LD_LIBRARY_PATH
    exits 0
    check "a command finds its run" [ "$(cat out)" = "dcba 1" ]
    fb run -q -f "$CONTROL" -d tree -- "$FILTERBED" ioctl FbControl 0x222000 --in-text xyz --out-size 3
    exits 0
    prints zyx
fi
