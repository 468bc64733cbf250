# SPDX-License-Identifier: MIT
# --case=insensitive: every spelling of a name, and of the directories on the way, leads to the same file.
. "$(dirname "$0")/lib.sh"
need_fuse
mkdir d d/Dir
printf one >d/Dir/File
fb run --case=insensitive -f "$NULL" -d d -- bash -e -c '
    exec 2>&1
    cat dir/FILE DIR/file; echo
    echo new >DIR/New && cat dir/new
    echo more >>dir/NEW && cat Dir/New
    mkdir dIR/Sub && ls -d DIR/SUB && ! mkdir dir/sub 2>/dev/null && echo exists
    echo x >DIR/sub/x && stat -c %s dir/SUB/X
    mv dir/sub/X DIR/Y && cat Dir/y
    ln DIR/y dir/SUB/Hard && stat -c %h dir/sub/HARD
    ln -s y DIR/Soft && cat dir/soft
    mv DIR/y dir/Y2 && mv dir/y2 DIR/Y3 && cat dir/y3
    ls dir
    chmod 600 DIR/FILE && truncate -s 2 dir/file && stat -c "%a %s" Dir/File
    rm dir/FILE && ! cat Dir/File 2>/dev/null && ! cat dir/FILE 2>/dev/null && echo gone
    rm DIR/sub/hard && rmdir dir/sub && ! test -e Dir/Sub && echo "and that"
    cd DIR && echo here >here && cat ../dir/HERE
    mv ../DIR ../Other && cat ../oTHER/Here && ! test -e ../Dir && echo moved'
exits 0
prints "oneone
new
new
more
DIR/SUB
exists
2
x
2
x
x
File
New
Soft
Sub
Y3
600 2
gone
and that
here
here
moved"
says "filterbed: no findings"
check "what is below" [ "$(cd d && find . | sort | tr '\n' ' ')" = ". ./Other ./Other/New ./Other/Soft ./Other/Y3 ./Other/here " ]
# in memory as well; a name that is there in both spellings on the host: the exact one
fb run --case=insensitive --memory -f "$NULL" -- bash -e -c 'mkdir A; echo 1 >a/F; cat A/f; mv a/f a/G; ls A; rm -r a; ls'
exits 0
prints "1
G"
rm -rf d && mkdir d && echo lower >d/x && echo upper >d/X
fb run --case=insensitive -f "$NULL" -d d -- sh -c 'cat x X'
exits 0
prints "lower
upper"
# many at a time: one name wins
rm -rf d && mkdir d
fb run --case=insensitive -f "$NULL" -d d -- bash -c 'for i in $(seq 50); do for n in same Same SAME sAmE; do (set -C; echo $n >$n$i) 2>/dev/null & done; done; wait; ls | wc -l'
exits 0
prints 50
