# SPDX-License-Identifier: MIT
# The three planted mistakes of examples/leaky, each with its file and line; and no false finding beside them.
. "$(dirname "$0")/lib.sh"
line()
{
    grep -n "$2" "$LEAKY/$1" | head -n 1 | cut -d: -f1
}
cat >s <<'FBS'
write a short
open h a rw
write a "long enough to be released again"
write b short
FBS
fb run -f "$LEAKY" --memory --watchdog=1 --error-exitcode=99 --report json:r.json --report text:r.txt --script s
exits 99
says "forgotten_get.c:$(line forgotten_get.c FltGetStreamContext)"
says "K-01, rule D-01"
says 'reference taken by FltGetStreamContext during pre IRP_MJ_WRITE of \'
says "forgotten_old.c:$(line forgotten_old.c 'Status = FltSetStreamContext')"
says "K-09"
says "released_twice.c:$(line released_twice.c 'planted: released')"
says "K-02"
says "F-19"
check "the text report is the same" diff <(sed '1d' err) <(sed '1d' r.txt)
python3 - <<'PY' || fail "the JSON report"
import json
r = json.load(open("r.json"))
assert r["schema"] == 1 and r["run"]["memory"] is True, r["run"]
f = r["filters"][0]
assert f["name"] == "leaky" and f["instances"] == 1, f
stream = [c for c in f["contexts"] if c["kind"] == "stream context"][0]
assert stream["live"] == stream["allocated"] - stream["freed"] > 0, stream
codes = {x["code"] for x in r["findings"]}
assert {"K-01", "K-02", "K-09"} <= codes, codes
for x in r["findings"]:
    top = [s for s in x["stack"] if s["driver"]][0]
    assert top["file"].startswith("/") and top["line"] > 0 and top["function"].startswith("Leaky"), top
get = [x for x in r["findings"] if x["rule"] == "D-01"][0]
assert get["count"] >= 2 and get["filter"] == "leaky" and "IRP_MJ_WRITE" in get["operation"], get
assert "modules" not in r
PY
checks=$((checks + 1))
for f in "$NULL" "$TRACK"; do
    fb run -f "$f" --memory --error-exitcode=99 --script s
    exits 0 "no finding for $f"
done
fb run -q -f "$LEAKY" --memory --watchdog=1 --script s
exits 0 "findings alone do not change the status"
if [ -z "$SANITIZE" ]; then # a sanitizer sees what the verifier then does not
    fb run -f "$LEAKY" --memory --verify=off --watchdog=1 --script s
    exits 0
fi
