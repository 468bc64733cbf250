# SPDX-License-Identifier: MIT
# Legacy filters: over real programs, above and below minifilters; pending, own IRPs, one that holds an IRP; who is loaded when.
. "$(dirname "$0")/lib.sh"
here=$SOURCE/tests/e2e
SPY=$SOURCE/examples/legacyspy
OLD=$here/drivers/oldstyle
HOLDS=$here/drivers/holdsirp

# ---- without a mount ----
cat >s <<'FBS'
write a "some text"
read a
stat a
rename a b
mkdir d
list
delete b
FBS
fb run -f "$SPY" --memory --error-exitcode=99 --report json:r.json --script s
exits 0 "alone"
says "a legacy driver, attached to 1 volume, unloaded"
says 'legacyspy: \a: opens'
python3 - <<'PY' || fail "the JSON report of a legacy driver"
import json
f = json.load(open("r.json"))["filters"][0]
assert f["legacy"] is True and f["instances"] == 1 and f["not_attached"] is None and f["state"] == "unloaded", f
counts = {o["operation"]: o["pre"] for o in f["operations"]}
assert counts["IRP_MJ_CREATE"] > 3 and counts["IRP_MJ_WRITE"] == 1 and counts["IRP_MJ_READ"] >= 1, counts
assert counts["IRP_MJ_FILE_SYSTEM_CONTROL"] == 1, counts   # the mount
assert f["completions"] > 0, f
PY
checks=$((checks + 1))
fb run -f "$TRACK" -f "$SPY" --memory --error-exitcode=99 --script s
exits 0 "above a minifilter"
says "a legacy driver, attached to 1 volume, unloaded"
fb run -f "$TRACK" -f "$SPY" --load-order legacyspy,FltMgr --memory --error-exitcode=99 --script s
exits 0 "below"
says "another driver's device is attached above one of its own"
fb run -f "$SPY" --load-order mount,legacyspy --memory --error-exitcode=99 --script s
exits 0 "loaded when the volume is there"
says "attached to 1 volume"
fb run -f "$OLD" --load-order mount,oldstyle --memory --error-exitcode=99 --script s
exits 0
says "it attached no device to a volume"
fb run -f "$NULL" --load-order null,FltMgr --memory --script s
exits 125
says "null is a minifilter"
fb run -f "$NULL" --load-order nil --memory --script s
exits 125
says "--load-order: nil: no filter of that name"
fb run -f "$NULL" --load-order null,null --memory --script s
exits 125
says "it is given twice"
for order in oldstyle legacyspy,FltMgr,oldstyle oldstyle,FltMgr,legacyspy oldstyle,legacyspy,FltMgr; do
    fb run -f "$OLD" -f "$SPY" -f "$TRACK" --load-order "$order" --memory --error-exitcode=99 --script s
    exits 0 "order $order"
    says "mounted: attached"
    says "it has no DriverUnload"
done

# ---- an IRP that nobody completes: the run ends, and says where it hangs ----
cat >hold <<'FBS'
write a held
write aheld text
read aheld
FBS
env --default-signal=INT timeout -s INT 3 "$FILTERBED" run -f "$HOLDS" -f "$SPY" --load-order mount,holdsirp --memory --watchdog=1 --error-exitcode=99 --script hold >out 2>err
status=$?
[ $status -ne 124 ] || status=99 # timeout's own, when the program took the signal
exits 99 "an IRP that is held"
says "IO-15"
says 'IRP_MJ_READ of \aheld has been with holdsirp for'
says "it passed legacyspy, holdsirp"

# ---- programs ----
need_fuse
( cd "$SOURCE" && tar -c -f "$WORK/some.tar" CMakeLists.txt LICENSE ARCHITECTURE.md src/port src/vf src/host src/view include/nt/ntos examples )
mkdir bare seen
( cd bare && bash "$here/work.sh" "$WORK/some.tar" ) >bare.out 2>bare.err
check "the work itself: $(cat bare.err)" [ $? -eq 0 ]
for order in "" legacyspy,FltMgr oldstyle,FltMgr oldstyle,legacyspy,FltMgr; do
    rm -rf seen
    mkdir seen
    fb run -f "$SPY" -f "$OLD" -f "$TRACK" ${order:+--load-order "$order"} --log=driver.log -d seen -- bash "$here/work.sh" "$WORK/some.tar"
    exits 0 "order $order"
    says "filterbed: no findings"
    check "same output $order" diff bare.out out
    python3 "$here/tree.py" bare >bare.tree
    python3 "$here/tree.py" seen >seen.tree
    check "same tree $order" diff bare.tree seen.tree
    check "the spy saw it $order" grep -q 'legacyspy: .*: opens .* reads .* writes' driver.log
done
# Nobody watches data, but a legacy device is attached: nothing passes by it
echo 0123456789 >seen/data
fb run -f "$SPY" --report json:r.json -d seen -- cat data
exits 0
python3 - <<'PY' || fail "a read passed by the legacy filter"
import json
r = json.load(open("r.json"))
counts = {o["operation"]: o["pre"] for o in r["filters"][0]["operations"]}
assert counts.get("IRP_MJ_READ", 0) >= 1 and counts["IRP_MJ_CREATE"] >= 1, counts
assert r["front"]["passthrough_opens"] == 0, r["front"]
PY
checks=$((checks + 1))
