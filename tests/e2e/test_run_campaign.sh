# SPDX-License-Identifier: MIT
# --fault=alloc:all and status:all: every place fails in a run of its own; state, shards, seeds, limits, reports.
. "$(dirname "$0")/lib.sh"
cat >s <<'FBS'
write a one
write b two
write c three
expect a one
FBS
driver fallible 370001
run()
{
    fb run -f fallible --memory --watchdog=1 --script s "$@"
}
turn()
{
    sed -i "s/^#define $1 $2/#define $1 $((1 - $2))/" fallible/fallible.c
}
at()
{
    echo "(fallible/fallible.c:$(grep -n "$1" fallible/fallible.c | cut -d: -f1))"
}
# The table's count of an outcome in the report $1.
outcome()
{
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["campaign"]["outcomes"][sys.argv[2]])' "$1" "$2"
}
campaigns=$XDG_CACHE_HOME/filterbed/campaigns

# A driver that copes with all.
turn COPIES 0
run --fault=alloc:all --seed=7 --report json:clean.json
exits 0 "it copes with all"
says "campaign with --seed=7: 7 points: 1 not started, 6 clean"
says "filterbed: run 1 of 7, 0 s: "
says "not started 1 FltRegisterFilter in DriverEntry $(at 'Status = FltRegisterFilter')"
says "clean 1 FltAllocateContext in FallibleRemember $(at 'Status = FltAllocateContext')"
says "clean 1 ExAllocatePoolWithTag in FallibleCopy $(at 'PVOID Copy = ExAllocate')"
check "no state is left" [ -z "$(ls "$campaigns")" ]
run --fault=alloc:all --fault=status:all -q --seed=7 --report json:both.json
exits 0
check "nothing is printed but the sum" [ "$(wc -l <err)" -eq 1 ]
python3 - <<'PY' || fail "the JSON report"
import json
clean, both = (json.load(open(f + ".json"))["campaign"] for f in ("clean", "both"))
assert clean["seed"] == 7 and clean["points"] == 7 and not clean["interrupted"]
assert {r["fault"] for r in clean["results"]} < {r["fault"] for r in both["results"]}
routines = {(r["routine"], r["status"]) for r in both["results"]}
assert ("FltSetStreamContext", "STATUS_FLT_CONTEXT_ALREADY_DEFINED") in routines and ("FltReadFile", "STATUS_END_OF_FILE") in routines
assert not any(r == "FltClose" for r, s in routines), "its failure is nobody's mistake"
assert both["outcomes"]["clean"] + both["outcomes"]["not started"] == both["points"] == len(both["results"]) > 35
assert all(r["calls"] == 4 for r in clean["results"] if r["stack"][-1]["function"] == "FalliblePostCreate"), clean
PY
checks=$((checks + 1))

# The order is that of the seed; the points are the same.
run --fault=alloc:all --seed=8 --report json:other.json
run --fault=alloc:all --seed=8 --report json:again.json
python3 - <<'PY' || fail "seeds"
import json
a, b, c = ([r["fault"] for r in json.load(open(f + ".json"))["campaign"]["results"]] for f in ("clean", "other", "again"))
assert a != b and b == c and sorted(a) == sorted(b)
PY
checks=$((checks + 1))

# What it forgets, with the path and what makes it come alone.
turn FORGETS_NAME 0
run --fault=alloc:all --report json:leak.json --report sarif:leak.sarif --report junit:leak.xml
exits 1 "the name that it forgets"
says "7 points: 1 leak, 1 not started, 5 clean"
says "leak K-01 4 ExAllocatePoolWithTag = no memory in FallibleCopy $(at 'PVOID Copy = ExAllocate'), by FallibleName"
says "at FallibleName $(at 'Status = FltGetFileNameInformation')"
key=$(sed -n 's/^ *--fault=\(alloc:site=[0-9a-f]*\)$/\1/p' err)
says "made to fail: $key"
run --fault=alloc:all --error-exitcode=77 --report json:leak.json
exits 77
run "--fault=$key" --error-exitcode=99
exits 99 "one place alone"
check "once" [ "$(grep -c 'no copy' err)" -eq 1 ]
says "$key: 1 of 4 calls failed, ExAllocatePoolWithTag in FallibleCopy"
python3 - "$key" <<'PY' || fail "findings in the reports"
import json, sys
report = json.load(open("leak.json"))
assert report["findings"] and all(f["faults"] == [sys.argv[1]] for f in report["findings"])
assert len(json.load(open("leak.sarif"))["runs"][0]["results"]) == len(report["findings"])
assert [r["codes"][0] for r in report["campaign"]["results"] if r["outcome"] == "leak"] == ["K-01"]
PY
checks=$((checks + 1))

# What comes without a failure is told, and no result.
turn FORGETS_NAME 1
cp -r fallible always
sed -i 's/FltReleaseFileNameInformation(Name);/;/' fallible/fallible.c
run --fault=alloc:all --report json:always.json
exits 0
check "nothing new" [ "$(outcome always.json leak)" -eq 0 ]
says "K-01"
rm -r fallible
mv always fallible

# A crash, and a wait that does not end: told, and the rest goes on.
if [ -z "$SANITIZE" ]; then
    turn TRUSTS 0
    run --fault=alloc:all
    exits 1 "it uses what is not there"
    says "7 points: 1 crash, 1 not started, 5 clean"
    says "crash K-00 K-01 4 ExAllocatePoolWithTag = no memory in FallibleCopy"
    turn TRUSTS 1
fi
turn WAITS 0
run --fault=alloc:all --time-limit=3
exits 1 "it waits for ever"
says "7 points: 1 hang, 1 not started, 5 clean"
says "hang H-01 K-01 4 ExAllocatePoolWithTag = no memory in FallibleCopy"
turn WAITS 1

# Shards have every point once.
for i in 1 2 3; do
    run --fault=alloc:all --fault=status:all --shard=$i/3 -q --report json:shard$i.json
    exits 0 "shard $i"
done
python3 - <<'PY' || fail "shards"
import json
parts = [[r["fault"] for r in json.load(open(f"shard{i}.json"))["campaign"]["results"]] for i in (1, 2, 3)]
assert all(parts) and sorted(sum(parts, [])) == sorted(r["fault"] for r in json.load(open("both.json"))["campaign"]["results"])
PY
checks=$((checks + 1))

# Interrupted: the table so far, and it goes on. The script sleeps, so that there is time.
cp s quick
echo 'sleep 200' >>s
"$FILTERBED" run -f fallible --memory --watchdog=1 --script s --fault=alloc:all --resume=state --seed=9 --report json:half.json >out 2>err &
pid=$!
while [ "$(wc -l 2>/dev/null <state || echo 0)" -lt 3 ] && kill -0 $pid 2>/dev/null; do
    sleep 0.05
done
kill -INT $pid
wait $pid
status=$?
exits 130
says "not run"
says "the same with --resume=state goes on"
left=$(outcome half.json 'not run')
check "some are left, some are done" [ "$left" -gt 0 -a "$left" -lt 7 ]
tail -n 1 state | head -c 40 >>state # killed while it wrote
run --fault=alloc:all --resume=state --report json:rest.json
exits 0
says "going on"
says "campaign with --seed=9: 7 points: 1 not started, 6 clean"
check "not again" [ "$(grep -c . state)" -eq 8 ]
run --fault=alloc:all --resume=state -q
exits 0 "all is done already"
run --fault=status:all --resume=state
exits 125
says "it belongs to another campaign"
run --fault=alloc:all --resume=state --seed=1
exits 125
says "its seed is 9"
echo nonsense >other
run --fault=alloc:all --resume=other
exits 125
says "it is no state of a campaign"
mv quick s

# Nothing to begin with.
echo 'expect a two' >>s
run --fault=alloc:all
exits 125
says "the script fails when nothing is made to fail: s:5: expect a"
for wrong in --shard=0/2 --shard=3/2 --shard=2 --seed=x --time-limit=0; do
    run --fault=alloc:all $wrong
    exits 2 "$wrong"
done

# A directory: each run has a copy, at the place of the directory; the files stay as they are.
need_fuse
mkdir data
echo kept >data/file
mkdir -m 500 data/closed
export TMPDIR=$WORK/tmp
mkdir "$TMPDIR"
check "the tree before" tar -cf before.tar data
cat >work.sh <<'SH'
set -e
[ "$(cat file)" = kept ] && [ "$(ls | wc -l)" -eq 2 ] || echo "not as it was" >>"$1"
[ "$PWD" = "$2" ] && [ "$FILTERBED_SEED" = 3 ] || echo "not there: $PWD $FILTERBED_SEED" >>"$1"
echo more >>file
rm file
echo new >other
SH
fb run -f fallible -d data --watchdog=1 --fault=alloc:all --seed=3 -- sh ../work.sh "$WORK/wrong" "$WORK/data"
exits 0
says "7 points: "
check "each began with the same" [ ! -e wrong ]
check "the files stay" tar -df before.tar
check "no copy stays" [ -z "$(ls "$TMPDIR")" ]
# Killed: what is under way ends by itself, and nothing stays.
"$FILTERBED" run -f fallible -d data --watchdog=1 --fault=alloc:all --resume=killed -- sh -c 'touch "$1"; sleep 30' sh "$WORK/runs" >out 2>err &
pid=$!
until [ -e runs ]; do
    sleep 0.05
done
kill -KILL $pid
wait $pid 2>/dev/null
for _ in $(seq 200); do
    [ -n "$(ls "$TMPDIR")" ] || break
    sleep 0.05
done
check "no copy stays of a killed campaign" [ -z "$(ls "$TMPDIR")" ]
check "the files stay" tar -df before.tar
# A command that does not end is ended, with what it started.
echo >count
fb run -f fallible -d data --watchdog=1 --fault=alloc:all --time-limit=4 -- \
    sh -c 'echo >>"$1"; [ "$(wc -l <"$1")" -ne 4 ] || sleep "1234.$2" & wait' sh "$WORK/count" $$
exits 1 "a run that does not end"
says "1 hang"
says "the run did not end in time"
check "nothing is left of it" [ -z "$(pgrep -f "sleep 1234[.]$$")" ]
check "no copy stays" [ -z "$(ls "$TMPDIR")" ]

# The examples, everything that can fail, with requests from several threads.
if [ -n "${FILTERBED_FULL:-}" ]; then
    fb run -f "$TRACK" -d data --threads=4 --fault=alloc:all --fault=status:all -- \
        sh -c 'for i in 1 2 3 4; do (echo $i >f$i; cat f$i file; mv f$i g$i; rm g$i) & done; wait'
    exits 0 "ctxtrack copes with everything"
    printf 'write a one\nopen h a rw\nread a\nclose h\n' >s
    fb run -f "$LEAKY" --memory --script s --watchdog=1 --fault=alloc:all --fault=status:all
    exits 0 "the mistakes of leaky come without a failure"
fi
