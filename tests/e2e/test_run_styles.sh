# SPDX-License-Identifier: MIT
# Drivers in the styles that drivers are written in, built by both compilers, over a directory and over a volume in memory.
. "$(dirname "$0")/lib.sh"
need_fuse
for name in guard:370201 shadow:370202 redirect:370203 tagger:370204 queue:370205 ecps:370206 provider:145200; do
    driver "${name%:*}" "${name#*:}"
done
COMPILERS="clang"
command -v gcc >/dev/null && COMPILERS="clang gcc"
[ -n "$SANITIZE" ] && COMPILERS="clang"

# over NAME COMMAND [OPTION…]: runs COMMAND over a new directory d, then over memory; AFTER runs after each
over()
{
    local name=$1 command=$2 where
    shift 2
    for where in "-d d" --memory; do
        rm -rf d
        mkdir d
        # shellcheck disable=SC2086
        fb run --cc="$cc" -f "$name" $where "$@" -- bash -c "$command"
        exits 0 "$name over ${where#-} by $cc"
        says "filterbed: no findings"
        says_not "STATUS_NOT_IMPLEMENTED"
        "after_$name" "$where"
    done
}

after_guard()
{
    prints "first
kept
d.keep gone"
    says "guard: 6 denied"
}
after_shadow()
{
    prints "3
a is there as it was
b is there as it was"
    says "shadow: 3 copied, 0 failed on \Device\HarddiskVolume1"
    says "shadow: t!a 3893"
}
after_redirect()
{
    prints "from new
g
s
s
h
l
sub
same tree"
}
after_tagger()
{
    prints "user.ntea.TAGGER
user.ntea.TAGGER
user.x"
    local tagged=3
    [ "$1" = "--memory" ] || tagged=0
    says "tagger: $tagged tagged, 3 attributes, 3 descriptors, 3 streams, 0 failures"
}
after_queue()
{
    prints "a1f49ae2845b21a944caf0b7d03deeda  -
same"
    says "queue: balance 0, canceled 0, deferred yes, posted yes"
}
after_provider()
{
    prints "a
b
s
c
s
same tree
guarded"
    says "guard: 1 denied"
    says "provider: generated yes, added yes, stripped yes"
    [ "$1" = "--memory" ] || check "below, names have the suffix" [ -f d/c.enc ]
}
after_ecps()
{
    prints "x"
    says "ecps: all seen 1, acknowledged 1, cleaned 1; processes yes, ends yes"
}

for cc in $COMPILERS; do
    over guard 'echo first >>a.keep; cat a.keep; (rm -f a.keep; mv a.keep c; echo x >a.keep; truncate -s0 a.keep; rm -f a.keep; mv -T a.keep b) 2>/dev/null
        echo kept >f; cat f; mkdir d.keep; rmdir d.keep && echo d.keep gone'
    over shadow 'mkdir Shadow t; seq 1000 >t/a; echo b >b; seq 2000 >t/c; echo second >t/a; echo more >>b; rm t/c; mv t/a t/z; echo third >t/z
        ls Shadow | wc -l; seq 1000 | cmp - "Shadow/t!a" && echo a is there as it was; echo b | cmp - Shadow/b && echo b is there as it was'
    over redirect "mkdir new; echo from new >new/f; cat old/f; mkdir old/sub; echo s >old/sub/g; ls old/sub; cat new/sub/g; mv old/sub/g old/h; cat new/h; ln old/h old/l; rm old/f; ls old
        cp -r '$SOURCE/src/fltmgr' old/; mv old/fltmgr old/two; diff -r old/two '$SOURCE/src/fltmgr' && echo same tree; rm -r old/two"
    over tagger 'names() { python3 -c "import os,sys; print(*sorted(os.listxattr(sys.argv[1])), sep=chr(10))" $1; }
        echo a >a; echo b >b; names a; python3 -c "import os; os.setxattr(\"a\", \"user.x\", b\"1\")"; names a; echo c >c'
    over queue 'mkdir t; seq 3000 >t/a; echo b >b; cat t/a b | md5sum; dd if=t/a of=c bs=100 2>/dev/null; cmp t/a c && echo same'
    # The guard above sees the names that the provider makes.
    over provider "mkdir s; echo s >s/a; ls s; mv s/a s/b; ls s; cat s/b; mv s/b c; ls; cp -r '$SOURCE/src/rtl' r; diff -r r '$SOURCE/src/rtl' && echo same tree
        rm -r r; echo k >>x.keep; rm -f x.keep 2>/dev/null || echo guarded" -f guard
    over ecps 'echo x >a; cat a; ls >/dev/null' --attach ecps@45000.25
done
