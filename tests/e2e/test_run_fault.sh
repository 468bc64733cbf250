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

# Each of the driver's allocations in turn: the filter, then for each of the opens a context, a buffer, a name, an open, a read.
failed=0
for n in 1 2 3 4 5 6 7 8 9 10 11; do
    run --fault=alloc:$n --report json:$n.json
    exits $((n == 1 ? 125 : 0)) "allocation $n fails"
    if [ $n -gt 1 ]; then
        says "alloc:$n: 1 of "
        checks=$((checks + 1))
        [ "$(grep -cE 'fallible: (no context: C000009A|no buffer|no name: C000009A|not opened: C000009A|read: C000009A)' err)" -eq 1 ] ||
            fail "allocation $n: not one failure"
        failed=$((failed + $(grep -cE 'no buffer' err)))
    fi
done
check "two of them are buffers" [ $failed -eq 2 ]
run --fault=alloc:100000
exits 0
says "alloc:100000: nothing failed: there were only"
python3 - "$(grep -n 'PVOID Buffer = ExAllocate' fallible/fallible.c | cut -d: -f1)" <<'PY' || fail "the JSON report"
import json, sys
places = []
for n in range(2, 12):
    f, = json.load(open(f"{n}.json"))["faults"]
    assert f["fault"] == f"alloc:{n}" and f["failed"] == 1 and f["calls"] >= n, f
    top = [s for s in f["stack"] if s["driver"]][0]
    places.append((f["routine"], top["function"], top["line"]))
assert places.count(("ExAllocatePoolWithTag", "FallibleName", int(sys.argv[1]))) == 2, places
for pair in (("FltAllocateContext", "FallibleRemember"), ("FltGetFileNameInformation", "FallibleName"),
             ("FltCreateFileEx", "FallibleOpen"), ("FltReadFile", "FallibleOpen")):
    assert sum(p[:2] == pair for p in places) == 2, (pair, places)
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
run --fault=status:FltSetStreamContext=STATUS_FLT_CONTEXT_ALREADY_DEFINED
exits 0
check "somebody else was first" [ "$(grep -c 'there was one' err)" -eq 3 ]
sed -i 's/^#define FORGETS_OLD 0/#define FORGETS_OLD 1/' fallible/fallible.c
run --fault=status:FltSetStreamContext=STATUS_FLT_CONTEXT_ALREADY_DEFINED@2
exits 99 "the other context is never released"
says "K-09"
says "fallible.c:$(grep -n 'Status = FltSetStreamContext' fallible/fallible.c | cut -d: -f1)"
sed -i 's/^#define FORGETS_OLD 1/#define FORGETS_OLD 0/' fallible/fallible.c
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
sed -i 's/^#define FORGETS_ENTRY 0/#define FORGETS_ENTRY 1/' fallible/fallible.c
run --fault=status:FltStartFiltering=STATUS_INVALID_PARAMETER
exits 99 "what DriverEntry forgets when it fails"
says "fallible.c:$(grep -n 'PVOID Kept = ' fallible/fallible.c | cut -d: -f1)"

# What is no fault.
wrong()
{
    run "--fault=$1"
    exits 2 "$1"
    says "$2"
}
wrong alloc:0 "the number of the allocation"
wrong alloc:1x "the number of the allocation"
wrong alloc:site=12 "a key that a campaign has printed"
wrong memory "--fault takes alloc:N, alloc:all, status:ROUTINE=STATUS_NAME[@N], status:all or list"
wrong status:FltFrobnicate=STATUS_NOT_FOUND "--fault: FltFrobnicate cannot be made to fail; near names that can:"
wrong status:FltGetStreamHandleContex=STATUS_NOT_FOUND "near names that can: FltGetStreamHandleContext, "
wrong status:FltGetVolumeContext=STATUS_NOT_SUPPORTED "FltGetVolumeContext does not fail with STATUS_NOT_SUPPORTED; it does with: STATUS_NOT_FOUND"
wrong status:FltGetVolumeContext "FltGetVolumeContext does not fail with"
wrong status:FltGetVolumeContext=STATUS_NOT_FOUND@0 "a number from 1"
wrong status:FltGetVolumeContext=STATUS_NOT_FOUND@site=x "a key that a campaign has printed"
run --fault=status:FltReadFile=STATUS_END_OF_FILE@1 --fault=status:FltReadFile=STATUS_END_OF_FILE@2
exits 2
says "there are two rules for FltReadFile"
for option in --seed=1 --shard=1/2 --resume=x --time-limit=5; do
    run $option
    exits 2 "$option"
    says "${option%%=*} is for --fault=alloc:all and --fault=status:all"
done
fb run --fault=list
exits 0
check "the list" grep -q '^FltGetStreamContext$' out
check "what is no part of status:all" grep -q '^FltClose \*$' out
check "its statuses" [ "$(grep -A 2 '^FltGetStreamContext$' out | tr -d ' \n')" = FltGetStreamContextSTATUS_NOT_FOUNDSTATUS_NOT_SUPPORTED ]
