# SPDX-License-Identifier: MIT
# filterbed filters, instances, volumes: who is where in a run; frames; --block-legacy.
. "$(dirname "$0")/lib.sh"
export FILTERBED
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$XDG_RUNTIME_DIR"
SPY=$SOURCE/examples/legacyspy
OLD=$SOURCE/tests/e2e/drivers/oldstyle
# a minifilter that belongs above a legacy filter of FSFilter Activity Monitor
cp -r "$TRACK" high
sed -i 's/^InstanceAltitude = .*/InstanceAltitude = "400100"/' high/*.inf
printf 'write a text\nread a\nsleep 60000\n' >s
"$FILTERBED" run -q -f "$NULL" -f "$SPY" -f high --memory --watchdog=1 --script s >/dev/null 2>run.err &
run=$!
check "the script gets there" await sh -c '"$FILTERBED" instances | grep -q ctxtrack'
fb filters
exits 0
prints "
Filter Name                     Num Instances    Altitude    Frame
------------------------------  -------------  ------------  -----
ctxtrack                               1        400100         1
legacyspy                                       389998.99   <Legacy>
null                                   1        370030.5       0"
fb instances $run
exits 0
check "instances from the top" [ "$(awk 'NR > 3 { print $1 }' out | tr '\n' ' ')" = "ctxtrack legacyspy null " ]
check "the legacy filter's" grep -qE '^legacyspy +\\Device\\HarddiskVolume1 +389998.99 +<Legacy> *$' out
check "a minifilter's" grep -qE '^ctxtrack +\\Device\\HarddiskVolume1 +400100 +ctxtrack instance +1 *$' out
fb volumes
exits 0
check "one volume" grep -qE '^C: +\\Device\\HarddiskVolume1 +NTFS *$' out
check "once" [ "$(grep -c HarddiskVolume out)" = 1 ]
fb filters --json
exits 0
check "filters as JSON" python3 - <<'PY'
import json
r = json.load(open("out"))
assert [f["name"] for f in r] == ["ctxtrack", "legacyspy", "null"], r
assert r[0] == {"name": "ctxtrack", "altitude": "400100", "legacy": False, "frame": 1, "instances": 1}, r[0]
assert r[1]["legacy"] is True and "frame" not in r[1], r[1]
PY
fb instances --json
check "instances as JSON" python3 - <<'PY'
import json
r = json.load(open("out"))
assert [(i["filter"], i.get("frame"), i["volume"]) for i in r] == [(n, f, "\\Device\\HarddiskVolume1") for n, f in (("ctxtrack", 1), ("legacyspy", None), ("null", 0))], r
PY
fb volumes --json
check "volumes as JSON" python3 -c 'import json; v = json.load(open("out")); assert v == [{"dos_name": "C:", "name": "\\Device\\HarddiskVolume1", "file_system": "NTFS", "detached": False}], v'
for verb in filters instances volumes; do
    for bad in "0" "x" "1 2" "--nothing"; do
        fb $verb $bad
        exits 2
    done
    fb $verb --socket "$WORK/nowhere"
    exits 1
    fb $verb --help
    exits 0
    check "help" grep -q "usage: filterbed filters" out
done
kill -TERM $run
wait $run || :
fb filters
exits 1
says "no filterbed run is under way"

# ---- the legacy filter is unloaded although a frame lay above it; the end of the run leaves nothing ----
printf 'write a text\nread a\nrename a b\nstat b\ndelete b\n' >t
fb run -f "$NULL" -f "$SPY" -f high --memory --error-exitcode=99 --script t
exits 0 "in two frames"
says "legacyspy, a legacy driver, attached to 1 volume, unloaded"
fb run -f "$NULL" -f "$SPY" -f high --load-order mount,null,legacyspy --memory --error-exitcode=99 --script t
exits 0 "a frame on a mounted volume"
says "attached to 1 volume, unloaded"

# ---- IoBlockLegacyFsFilters ----
fb run -f "$NULL" -f "$SPY" --memory --block-legacy --report json:r.json --error-exitcode=99 --script t
exits 0 "the run goes on without it"
says "its DriverEntry failed with STATUS_NOT_SUPPORTED"
says 'event 1205, Microsoft-Windows-Kernel-IO: Windows is configured to block legacy FS filters. Filter name: \FileSystem\legacyspy'
says "null, altitude 370030.5, 1 instance"
check "the event in the JSON report" python3 - <<'PY'
import json
r = json.load(open("r.json"))
assert [(e["id"], e["level"]) for e in r["events"]] == [(1205, "error")], r["events"]
assert r["events"][0]["text"].endswith("\\FileSystem\\legacyspy")
PY
fb run -f "$NULL" -f "$OLD" --load-order mount,oldstyle --memory --block-legacy --script t
exits 0 "one that attaches by itself"
says 'Filter name: \FileSystem\oldstyle'
fb run -f "$NULL" --memory --block-legacy --report json:r.json --script t
exits 0 "minifilters are no legacy filters"
says_not "event 1205"
check "no events" python3 -c 'import json; assert "events" not in json.load(open("r.json"))'
fb run -f "$NULL" --fs "$SOURCE/examples/toyfs" --block-legacy --script t
exits 0 "nor are file systems"
says_not "event 1205"
