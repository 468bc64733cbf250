# SPDX-License-Identifier: MIT
# Sanitized drivers: clean work stays clean, and what only a sanitizer sees ends the run with its report.
. "$(dirname "$0")/lib.sh"
case $SANITIZE in
'' | address,undefined) ;;
*) echo "SKIPPED: the program itself is built with $SANITIZE"; exit 77 ;;
esac
driver careless 370105
compilers="clang gcc"
if [ -n "$SANITIZE" ]; then
    compilers=clang # the runtime that the program has
fi
for cc in $compilers; do
    command -v $cc >/dev/null || continue
    printf 'mkdir x\nwrite x/a 1234567890\nread x/a\nrename x/a x/b\nlist x\ndelete x/b\n' >s
    fb run -f careless -f "$TRACK" --cc=$cc --sanitize=address,undefined --memory --script s
    exits 0 "$cc"
    says "filterbed: no findings"
    for how in read-beyond write-before local-beyond use-after-free; do
        printf 'write before x\nwrite %s y\nwrite after z\n' "$how" >s
        fb run -f careless --cc=$cc --sanitize=address,undefined --memory --script s
        exits 125 "$cc $how"
        says "AddressSanitizer"
        says "CarelessPreCreate"
        says "careless.c:"
        says "the server died"
    done
done
