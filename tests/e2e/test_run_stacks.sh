# SPDX-License-Identifier: MIT
# Random stacks of legacy filters and minifilters over a real directory: real programs do the same work there as in a bare one.
# FILTERBED_SEED repeats a run, FILTERBED_FULL makes it long.
. "$(dirname "$0")/lib.sh"
here=$SOURCE/tests/e2e
need_fuse
seed=${FILTERBED_SEED:-$(date +%s)}
echo "FILTERBED_SEED=$seed"
RANDOM=$((seed % 32768))
GROUPS_OF_THEM=("Filter" "FSFilter Activity Monitor" "FSFilter Anti-Virus" "FSFilter Encryption" "FSFilter Bottom" "no group of Windows")
# variant EXAMPLE NAME: one more driver of that source, somewhere
variant()
{
    cp -r "$SOURCE/examples/$1" "$2"
    sed -i -e "s/^ServiceName .*/ServiceName = \"$2\"/" -e "s/^InstanceName .*/InstanceName = \"$2 instance\"/" \
        -e "s/^InstanceAltitude .*/InstanceAltitude = \"$((20000 + RANDOM * 13))\"/" \
        -e "s/^LoadOrderGroup .*/LoadOrderGroup = \"${GROUPS_OF_THEM[RANDOM % 6]}\"/" "$2"/*.inf
}
shuffled()
{
    for name in "$@"; do
        echo "$RANDOM $name"
    done | sort -n | cut -d' ' -f2
}
( cd "$SOURCE" && tar -c -f "$WORK/some.tar" CMakeLists.txt LICENSE src/port src/vf include/nt/ntos examples )
mkdir bare
( cd bare && bash "$here/work.sh" "$WORK/some.tar" ) >bare.out 2>bare.err
check "the work itself: $(cat bare.err)" [ $? -eq 0 ]
python3 "$here/tree.py" bare >bare.tree
runs=2
[ "${FILTERBED_FULL:-}" != 1 ] || runs=20
for run in $(seq $runs); do
    rm -rf seen old* new*
    mkdir seen
    names=()
    options=()
    for i in $(seq $((1 + RANDOM % 3))); do
        variant legacyspy "old$i"
        names+=("old$i")
    done
    for i in $(seq $((1 + RANDOM % 4))); do
        variant "$([ $((RANDOM % 2)) = 0 ] && echo null || echo ctxtrack)" "new$i"
        names+=("new$i")
    done
    for name in "${names[@]}"; do
        options+=(-f "$name")
    done
    order=FltMgr,$(shuffled "${names[@]}" | paste -sd,)
    [ $((RANDOM % 3)) != 0 ] || order=old1,${order/old1,/}
    order=${order/,old1/}
    [[ $order == *old1* ]] || order=$order,old1
    fb run "${options[@]}" --load-order "$order" --log=/dev/null --error-exitcode=99 --socket "$WORK/socket" -d seen -- \
        sh -c '"$1" filters --socket "$2" >&2; shift 2; exec bash "$@"' work "$FILTERBED" "$WORK/socket" "$here/work.sh" "$WORK/some.tar"
    echo "stack $run, order $order:"
    sed -n '/^Filter Name/,/^$/p' err | sed -n '3,$p' | head -n ${#names[@]}
    exits 0 "order $order"
    says "filterbed: no findings"
    check "same output, order $order" diff bare.out out
    python3 "$here/tree.py" seen >seen.tree
    check "same tree, order $order" diff bare.tree seen.tree
done
