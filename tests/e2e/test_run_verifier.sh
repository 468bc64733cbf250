# SPDX-License-Identifier: MIT
# One mistake after the other, each found with its code and line; reports in four forms; suppressions; --verify=stop.
. "$(dirname "$0")/lib.sh"
driver mistaken 380100
HERE=$(dirname "$0")
echo plain >plain.txt
{
    echo 'write plain hello'
    for n in 02 03 04 05 06 07 08 09 10 11 21 22 26 28 25; do
        echo "write K$n text"
    done
    for n in 12 13 23; do
        echo "write K$n text"
    done
} >s
found()
{
    python3 - "$WORK/mistaken/mistaken.c" "$1" "$2" "$3" <<'PY'
import json, re, sys
source, report, with_full, only = sys.argv[1:]
want = {}
for number, line in enumerate(open(source), 1):
    m = re.search(r"/\* finds (K-\d\d)( with full)? \*/", line)
    if m and (not m[2] or with_full == "full"):
        want[m[1]] = number
want.update({"K-12": None, "K-13": None, "K-22": None, "K-25": None})      # after the callback's return: no line
if only:
    want = {k: v for k, v in want.items() if k in only.split()}
found = {}
for f in json.load(open(report))["findings"]:
    frames = [x for x in f["stack"] if x["driver"]]
    found.setdefault(f["code"], []).append(frames[0]["line"] if frames else None)
    assert f["title"] and f["fix"] and f["windows"] and f["level"] in ("error", "warning"), f
    assert f["filter"] == "mistaken", f
    if f["code"] in ("K-02", "K-04"):
        assert [r["what"] for r in f["related"]] == ["last release"] and f["related"][0]["stack"], f
    if f["code"] == "K-10":
        assert "STATUS_FLT_CONTEXT_ALREADY_DEFINED" in f["text"] and f["related"], f
bad = {k: (v, found.get(k)) for k, v in want.items() if k not in found or (v is not None and v not in found[k])}
assert not bad, f"expected line, found lines: {bad}"
extra = set(found) - set(want) - {"K-01", "K-00"}
assert not extra, extra
PY
}
fb run -f mistaken --memory --watchdog=1 --error-exitcode=99 --report json:r.json --report sarif:r.sarif --report junit:r.xml --gen-suppressions --script s
exits 99
check "every mistake with its line" found r.json standard ""
check "SARIF" python3 "$HERE/sarif.py" r.sarif
check "JUnit" python3 - <<'PY'
import json, xml.etree.ElementTree as e
suites = e.parse("r.xml").getroot()
findings = json.load(open("r.json"))["findings"]
assert suites.tag == "testsuites" and [s.get("name") for s in suites] == ["mistaken", "filterbed"]
one = suites[0]
assert int(one.get("failures")) == len(findings) == len(one.findall("testcase/failure")) and int(one.get("tests")) == len(one)
assert {f.get("type") for f in one.iter("failure")} == {f["code"] for f in findings}
PY
# what it prints suppresses it
sed -n '/^{/,/^}/p' err >known
{ echo '# nobody does this'; echo 'K-99 filter=nobody file=*.c'; } >>known
fb run -f mistaken --memory --watchdog=1 --error-exitcode=99 --suppress known --report sarif:r2.sarif --script s
exits 0
says "no findings"
says "known:$(wc -l <known): a suppression that was not used"
check "SARIF with suppressions" python3 "$HERE/sarif.py" r2.sarif
check "they are there, suppressed" grep -q '"kind": "external"' r2.sarif
printf 'K-02 function=Released* file=mist*.c\n' >one
fb run -f mistaken --memory --watchdog=1 --error-exitcode=99 --suppress one --report json:r3.json --script s
exits 99
says 'suppressed 1 time by "one:1"'
check "one is gone" python3 -c 'import json; r = json.load(open("r3.json")); assert "K-02" not in {f["code"] for f in r["findings"]} and len(r["suppressed"]) == 1'
for bad in 'K-01 nothing' '{' 'K-01 color=blue' 'K-01 file='; do
    echo "$bad" >wrong
    fb run -f mistaken --memory --suppress wrong --script s
    exits 125
    says "wrong:1: "
done
fb run -f mistaken --memory --suppress /nonexistent --script s
exits 125
# the first finding ends the run
printf 'write plain hello\nwrite K02 text\nwrite K04 text\nsleep 1000\nwrite K11 text\n' >long
fb run -f mistaken --memory --watchdog=1 --verify=stop --script long
exits 125
says "stopping at the first finding (--verify=stop): mistaken: K-02"
says "nothing is mounted any more"
says_not K-11
# a page that was taken away: the instruction itself
printf 'write K05 text\n' >five
fb run -f mistaken --memory --watchdog=1 --verify=full --report json:r5.json --script five
check "the line that touched it" found r5.json full "K-05"
says "was touched after its last release, at offset 16"
says "driver is not called again"
# the same through a mount: the command is cut off, the directory is whole
if [ -e /dev/fuse ]; then
    mkdir -p tree
    fb run -f mistaken -d tree --watchdog=1 --verify=stop -- sh -c 'echo one >a; echo two >K02; sleep 20; echo three >b'
    if ! grep -q 'not permitted\|not available' err; then
        exits 125
        says "mistaken: K-02"
        check "what was written stays" [ "$(cat tree/a)" = one ]
        check "what would have come did not" [ ! -e tree/b ]
        check "nothing is mounted" sh -c "! mount | grep -q ' on $WORK'"
    fi
fi
# a volume whose files take no contexts, and a file that is deleted when it is closed
driver pagefile 380200
printf 'write pagefile.sys text\nopen h pagefile.sys d\nclose h\nabsent pagefile.sys\n' >page
for profile in ntfs refs fat network paging-file no-contexts; do
    fb run -f pagefile --memory --profile=$profile --watchdog=1 --error-exitcode=99 --report json:rp.json --script page
    if [ $profile = paging-file ] || [ $profile = no-contexts ]; then
        exits 99 "$profile"
        says "FltGetStreamContext failed with STATUS_NOT_SUPPORTED in the same operation"
        says "pagefile.c:$(grep -n 'finds K-01' pagefile/pagefile.c | cut -d: -f1)"
        says "pagefile.c:$(grep -n 'fails there' pagefile/pagefile.c | cut -d: -f1)"
    else
        exits 0 "$profile"
    fi
done
fb run -f pagefile --memory --profile=ext4 --script page
exits 2
