# SPDX-License-Identifier: MIT
# filterbed top: what a running filter holds, by kind, tag and stack; who holds contexts of a file.
. "$(dirname "$0")/lib.sh"
export FILTERBED
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$XDG_RUNTIME_DIR"
line()
{
    grep -n "$2" "$LEAKY/$1" | head -n 1 | cut -d: -f1
}
printf 'write a short\nopen h a rw\nwrite a "long enough to be released again"\nwrite b short\nsleep 60000\n' >s
"$FILTERBED" run -q -f "$LEAKY" --memory --watchdog=1 --script s >/dev/null 2>run.err &
run=$!
check "the script gets there" await sh -c '"$FILTERBED" top --once | grep -q "stream context *Laky *[3-9]"'
fb top --once
exits 0
check "the table" grep -qE "^leaky +stream context +Laky +[1-9].*LeakyCountOpen \(forgotten_old.c:$(line forgotten_old.c FltAllocateContext)\)" out
fb top --once --json $run
exits 0
check "as JSON" python3 - <<'PY'
import json
r = json.load(open("out"))
assert r["recording"] is True and "modules" not in r
sites = [s for f in r["filters"] if f["name"] == "leaky" for s in f["sites"]]
stream = [s for s in sites if s["kind"] == "stream context"]
assert len(stream) == 1, "one way through the driver is one line"
assert stream[0]["tag"] == "Laky" and stream[0]["live"] == stream[0]["allocated"] - stream[0]["freed"] > 0 and stream[0]["peak"] >= stream[0]["live"]
handle = [s for s in sites if s["kind"] == "stream handle context"][0]
assert handle["live"] == 0 and handle["freed"] == handle["allocated"] > 0
PY
fb top --who /a
exits 0
check "who: the get" grep -q "got by FltGetStreamContext in pre IRP_MJ_WRITE of" out
check "who: its line" grep -q "LeakyPreWrite (forgotten_get.c:$(line forgotten_get.c FltGetStreamContext))" out
fb top --who /nothing
exits 0
prints 'no filter holds anything that it took for \nothing'
fb top --once --socket "$WORK/nowhere"
exits 1
for bad in "0" "x" "1 2"; do
    fb top --once $bad
    exits 2
done
kill -TERM $run
wait $run || :
fb top --once
exits 1
says "no filterbed run is under way"
check "the socket is gone" [ -z "$(ls "$XDG_RUNTIME_DIR/filterbed")" ]
# two at a time; one with a socket of its own
"$FILTERBED" run -q -f "$NULL" --memory --watchdog=1 --socket "$WORK/sock" --verify=off --script s >/dev/null 2>run.err &
run=$!
check "the run begins" await test -S sock
fb top --once
exits 1
fb top --once --socket sock
exits 0
check "off records nothing" grep -q 'nothing is recorded' out
check "nobody else may ask" [ "$(stat -c %a sock)" = 700 ]
kill -TERM $run
wait $run || :
# through a mount: the path as the program in it has it
if [ -e /dev/fuse ]; then
    mkdir -p tree/dir
    "$FILTERBED" run -q -f "$TRACK" -d tree -- sh -c 'exec 3>dir/file; echo x >&3; ln dir/file link; mv dir/file moved; echo ready >../ready; exec sleep 60' >/dev/null 2>run.err &
    run=$!
    echo >ready
    if await grep -q ready ready; then
        fb top --who tree/dir/file
        exits 0
        check "a stream context of the file" grep -q 'ctxtrack: stream context' out
        check "set by the driver" grep -q 'set by FltSetStreamContext in post IRP_MJ_CREATE of \\dir\\file' out
        for name in link moved; do                             # the name it was opened by is gone; the file is the same
            fb top --who tree/$name
            check "by $name" grep -q 'ctxtrack: stream context' out
        done
        fb top --who tree/dir
        check "another file" sh -c "! grep -q 'post IRP_MJ_CREATE of .dir.file' out"
        fb top --who /etc/passwd
        exits 1
        says "not on the volume"
    else
        check "the command runs" grep -q 'not permitted\|not available' run.err
    fi
    kill -TERM $run 2>/dev/null
    wait $run || :
fi
