# SPDX-License-Identifier: MIT
# A driver of the classic kind (every MajorFunction, every fast I/O slot, attaches when volumes are mounted) over a real directory: real programs
# do the same work there as in a bare one, whoever lies above and below it.  FILTERBED_SEED repeats the random orders.
. "$(dirname "$0")/lib.sh"
here=$SOURCE/tests/e2e
CLASSIC=$here/drivers/classic
SPY=$SOURCE/examples/legacyspy
seed=${FILTERBED_SEED:-$(date +%s)}
echo "FILTERBED_SEED=$seed"
RANDOM=$((seed % 32768))

# Every slot of FAST_IO_DISPATCH is filled: a new one would be missed here.
sed -n '/^typedef struct _FAST_IO_DISPATCH {/,/^}/s/^ *PFAST_IO_[A-Z_]* \([A-Za-z]*\);$/\1/p' "$SOURCE/include/nt/ntos/io_fastio.h" | sort >slots
sed -n 's/.*CLASSIC_FILL(\([A-Za-z]*\));$/\1/p; s/.*Table->\(FastIoDetachDevice\) = .*/\1/p' "$CLASSIC/fastio.c" | sort >filled
check "27 slots" [ "$(wc -l <slots)" -eq 27 ]
check "every slot is filled" diff slots filled

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
for order in "" mount,classic; do
    fb run -f "$CLASSIC" ${order:+--load-order "$order"} --memory --verify=full --error-exitcode=99 --script s
    exits 0 "in memory ${order:-}"
    says "a legacy driver, attached to 1 volume, unloaded"
    says "classic: attached to file system"
    says 'classic: attached to volume \Device\HarddiskVolume1'
    says 'classic: open of \Device\HarddiskVolume1\'
    says "filterbed: no findings"
done
says " 0 mounts"                                    # it found the volume
fb run -f "$CLASSIC" -f "$SPY" --load-order classic,FltMgr,legacyspy --memory --verify=full --error-exitcode=99 --script s
exits 0 "below the filter manager"
says "another driver's device is attached above one of its own"
says "filterbed: no findings"

# The volume is a file system driver's: the mount passes it as any other does
fb run --fs "$SOURCE/examples/toyfs" -f "$CLASSIC" --verify=full --error-exitcode=99 --script s
exits 0 "over a loaded file system"
says "classic: attached to volume"
says "filterbed: no findings"

# ---- programs ----
need_fuse
( cd "$SOURCE" && tar -c -f "$WORK/some.tar" CMakeLists.txt LICENSE src/port src/vf src/host include/nt/ntos examples )
# compared WORK ORDER OPTION…: the same is printed and left in a directory with these drivers as in a bare one
compared()
{
    local work=$1 order=$2
    shift 2
    if [ ! -e "$work.tree" ]; then
        mkdir "bare-$work"
        ( cd "bare-$work" && bash "$here/$work.sh" "$WORK/some.tar" ) >"$work.out" 2>bare.err
        check "$work itself: $(cat bare.err)" [ $? -eq 0 ]
        python3 "$here/tree.py" "bare-$work" >"$work.tree"
    fi
    rm -rf seen
    mkdir seen
    fb run "$@" ${order:+--load-order "$order"} --log="$WORK/driver.log" --error-exitcode=99 -d seen -- bash "$here/$work.sh" "$WORK/some.tar"
    exits 0 "$work, order ${order:-by default}: $*"
    says "filterbed: no findings"
    check "same output of $work, order ${order:-by default}" diff "$work.out" out
    python3 "$here/tree.py" seen >seen.tree
    check "same tree of $work, order ${order:-by default}" diff "$work.tree" seen.tree
    check "it saw opens, order ${order:-by default}" grep -q 'classic: open of .Device' driver.log
    check "it attached to two file systems and a volume" [ "$(grep -c 'classic: attached to' driver.log)" -eq 3 ]
}
compared work_hard "" --verify=full -f "$CLASSIC"
says "a legacy driver, attached to 1 volume, unloaded"
check "its last words" grep -qE '[1-9][0-9]* opens, 1 mounts, [0-9]+ sections' driver.log
compared work "" --verify=full -f "$TRACK" -f "$CLASSIC"
compared work classic,FltMgr --verify=full -f "$CLASSIC" -f "$TRACK"
orders=1
[ "${FILTERBED_FULL:-}" != 1 ] || orders=10
for i in $(seq $orders); do
    order=$(for name in classic legacyspy ctxtrack null; do echo "$RANDOM $name"; done | sort -n | cut -d' ' -f2 | paste -sd,)
    first=${order%%,*}
    case $first in
    classic | legacyspy) [ $((RANDOM % 2)) = 0 ] && order=$first,FltMgr,${order#*,} || order=FltMgr,$order ;;
    *) order=FltMgr,$order ;;
    esac
    echo "order $order"
    compared work "$order" -f "$CLASSIC" -f "$SPY" -f "$TRACK" -f "$NULL"
done
