# SPDX-License-Identifier: MIT
# What others change shows through the mount at once: programs behind it (fanotify), and the drivers themselves.
. "$(dirname "$0")/lib.sh"
need_fuse
here=$SOURCE/tests/e2e
driver meddler 141100
# behind the mount, as the report says it is possible
behind()
{
    rm -rf d && mkdir d
    mkfifo requests answers
    ( cd d && exec python3 "$here/coherence.py" outside "$WORK/requests" "$WORK/answers" ) &
    outside=$!
    fb run "$@" --report json:report.json -d d -- python3 "$here/coherence.py" behind "$WORK/requests" "$WORK/answers"
    wait $outside
    rm -f requests answers
}
field() { python3 -c "import json, sys; print(json.load(open('report.json'))['front']['$1'])"; }
mkdir quiet && cp "$NULL"/null.[ci]* quiet/
sed -i '/IRP_MJ_/{/IRP_MJ_OPERATION_END/!{/IRP_MJ_CLEANUP/!d}}' quiet/null.c
# nobody watches data or names: passthrough, long life of what the kernel keeps
fb run --metadata=cached --report json:report.json -f quiet -d probe -- true
exits 0
if [ "$(field watching)" = True ]; then
    behind --metadata=cached -f quiet
    exits 0 "passthrough, cached"
    prints coherent
    says "filterbed: no findings"
    check "changes were told" [ "$(field changes_behind)" -gt 200 ]
    check "the kernel was told" [ "$(field invalidations)" -gt 200 ]
    check "passthrough" [ "$(field passthrough_opens)" -gt 0 ]
    behind --metadata=cached -f "$NULL"
    exits 0 "direct, cached"
    prints coherent
    behind -f quiet
    exits 0 "nobody watches names: as cached"
    prints coherent
else
    echo "note: fanotify is not permitted here; changes behind the mount are not tested"
fi
for mode in cached exact; do
    rm -rf d && mkdir -p d/dir
    printf original >d/target
    printf 'other one' >d/other
    for verb in w t a l c d r o u; do : >d/do.$verb; done
    fb run --metadata=$mode -f meddler -d d -- python3 "$here/coherence.py" driver
    exits 0 "meddler, $mode"
    prints coherent
    says "filterbed: no findings"
done
