# SPDX-License-Identifier: MIT
# The same work on a mount with filters and on a bare directory: same output, same tree.
. "$(dirname "$0")/lib.sh"
need_fuse
here=$SOURCE/tests/e2e
( cd "$SOURCE" && tar -c -f "$WORK/some.tar" CMakeLists.txt LICENSE ARCHITECTURE.md src/port src/vf src/host src/view include/nt/ntos examples )
mkdir bare seen
( cd bare && bash "$here/work.sh" "$WORK/some.tar" ) >bare.out 2>bare.err
check "the work itself: $(cat bare.err)" [ $? -eq 0 ]
for mode in "" "--no-passthrough" "--metadata=cached"; do
    rm -rf seen
    mkdir seen
    fb run -f "$NULL" -f "$TRACK" --log=driver.log $mode -d seen -- bash "$here/work.sh" "$WORK/some.tar"
    exits 0 "$mode"
    says "filterbed: no findings"
    check "same output $mode" diff bare.out out
    python3 "$here/tree.py" bare >bare.tree
    python3 "$here/tree.py" seen >seen.tree
    check "same tree $mode" diff bare.tree seen.tree
    check "something was compared" [ "$(wc -l <bare.tree)" -gt 300 ]
    # Seen through the mount it is the same as well
    fb run -q -f "$NULL" $mode -d seen -- python3 "$here/tree.py" .
    exits 0
    check "same through the mount $mode" diff bare.tree out
done
