# SPDX-License-Identifier: MIT
# --fault: allocations and calls that fail on demand; a driver that copes with it, and one that forgets something then.
. "$(dirname "$0")/lib.sh"
cat >s <<'FBS'
write a one
write b two
write c three
FBS
driver fallible 370001
run()
{
    fb run -f fallible --memory --watchdog=1 --error-exitcode=99 --script s "$@"
}
run --report json:none.json
exits 0 "nothing fails"
says_not "no context"
says_not "made to fail"
check "nothing is said of faults" python3 -c 'import json; assert "faults" not in json.load(open("none.json"))'

# Each of the driver's allocations in turn: a context and a buffer for each of the opens.
failed=0
for n in 1 2 3 4 5 6; do
    run --fault=alloc:$n --report json:$n.json
    exits 0 "allocation $n fails"
    says "alloc:$n: 1 of "
    checks=$((checks + 1))
    [ "$(grep -cE 'fallible: (no context: C000009A|no buffer)' err)" -eq 1 ] || fail "allocation $n: not one failure"
    failed=$((failed + $(grep -cE 'no buffer' err)))
done
check "half of them are buffers" [ $failed -eq 3 ]
run --fault=alloc:100000
exits 0
says "alloc:100000: nothing failed: there were only"
python3 - "$(grep -n 'PVOID Buffer = ExAllocate' fallible/fallible.c | cut -d: -f1)" <<'PY' || fail "the JSON report"
import json, sys
places = []
for n in range(1, 7):
    f, = json.load(open(f"{n}.json"))["faults"]
    assert f["fault"] == f"alloc:{n}" and f["failed"] == 1 and f["calls"] >= 6, f
    top = [s for s in f["stack"] if s["driver"]][0]
    places.append((f["routine"], top["function"], top["line"]))
assert places.count(("ExAllocatePoolWithTag", "FallibleName", int(sys.argv[1]))) == 3, places
assert sum(p[0] == "FltAllocateContext" and p[1] == "FallibleRemember" for p in places) == 3, places
PY
checks=$((checks + 1))

# Calls: the status and the outputs that the driver sees; every call, or only one.
run --fault=status:FltGetFileNameInformation=STATUS_FLT_INVALID_NAME_REQUEST
exits 0
check "every name" [ "$(grep -c 'no name: C01C0005' err)" -eq 3 ]
says "status:FltGetFileNameInformation=STATUS_FLT_INVALID_NAME_REQUEST: 3 of 3 calls failed, first FltGetFileNameInformation in FallibleName"
says "fallible.c:$(grep -n 'Status = FltGetFileNameInformation' fallible/fallible.c | cut -d: -f1)"
run --fault=status:FltSetStreamContext=STATUS_NOT_SUPPORTED@2 --fault=status:FltAllocateContext=STATUS_FLT_DELETING_OBJECT@1
exits 0
check "the second" [ "$(grep -c 'not set: C00000BB' err)" -eq 1 ]
check "the context is NULL then" grep -q 'no context: C01C000B (nil)\|no context: C01C000B 0*$' err
run --fault=status:FltCreateFileEx=STATUS_SHARING_VIOLATION@1 --fault=status:FltReadFile=STATUS_DISK_FULL
exits 2 "that is no status of it"
run --fault=status:FltCreateFileEx=STATUS_SHARING_VIOLATION@1 --fault=status:FltReadFile=STATUS_FILE_LOCK_CONFLICT
exits 0
check "not opened" [ "$(grep -c 'not opened: C0000043 C0000043 0 1 1' err)" -eq 1 ]
check "not read" [ "$(grep -c 'read: C0000054 0' err)" -eq 2 ]
run --fault=status:FltStartFiltering=STATUS_INVALID_PARAMETER
exits 125 "it does not start"

# A failing path that leaks: found, with the line.
sed -i 's/^#define FORGETS_BUFFER 0/#define FORGETS_BUFFER 1/; s/^#define FORGETS_CONTEXT 0/#define FORGETS_CONTEXT 1/' fallible/fallible.c
run
exits 0 "not without a failure"
run --fault=status:FltGetFileNameInformation=STATUS_INSUFFICIENT_RESOURCES@2
exits 99
says "fallible.c:$(grep -n 'PVOID Buffer = ExAllocate' fallible/fallible.c | cut -d: -f1)"
says "1 of 3 calls failed"
run --fault=status:FltSetStreamContext=STATUS_NOT_SUPPORTED
exits 99
says "fallible.c:$(grep -n 'Status = FltAllocateContext' fallible/fallible.c | cut -d: -f1)"

# What is no fault.
wrong()
{
    run "--fault=$1"
    exits 2 "$1"
    says "$2"
}
wrong alloc:0 "the number of the allocation"
wrong alloc:1x "the number of the allocation"
wrong memory "--fault takes alloc:N or status:ROUTINE=STATUS_NAME[@N]"
wrong status:FltFrobnicate=STATUS_NOT_FOUND "FltFrobnicate cannot be made to fail; these can: FltAllocateContext"
wrong status:FltGetVolumeContext=STATUS_NOT_SUPPORTED "FltGetVolumeContext does not fail with STATUS_NOT_SUPPORTED; it does with: STATUS_NOT_FOUND"
wrong status:FltGetVolumeContext "FltGetVolumeContext does not fail with"
wrong status:FltGetVolumeContext=STATUS_NOT_FOUND@0 "a number from 1"
run --fault=status:FltReadFile=STATUS_END_OF_FILE@1 --fault=status:FltReadFile=STATUS_END_OF_FILE@2
exits 2
says "there are two rules for FltReadFile"

# The table's statuses are those of the headers.
check "the values of statuses" python3 - "$SOURCE" <<'PY'
import glob, re, sys
text = open(sys.argv[1] + "/src/vf/injectcall.c").read()
headers = "".join(open(f, encoding="utf-8").read() for f in glob.glob(sys.argv[1] + "/include/nt/**/*.h", recursive=True))
real = {n: int(v, 16) for n, v in re.findall(r"define STATUS_(\w+)\s+\(\(NTSTATUS\)(0x[0-9A-Fa-f]+)", headers)}
values = {n: int(v, 16) for n, v in re.findall(r'\{"(\w+)", (0x\w+)\}', text)}
assert len(values) >= 27
for name, value in values.items():
    assert real[name] == value, name
rows = text[text.index("#define FLT_GET "):text.index("call_statuses[]")]
words = {w for s in re.findall(r'"([A-Z_ ]+)"', rows) for w in s.split()}
assert words == set(values), words ^ set(values)
PY
