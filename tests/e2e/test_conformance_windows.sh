# SPDX-License-Identifier: MIT
# ctest-labels: conformance
# The minifilter that checks rules from within its callbacks: every rule that its sources name is printed, and passes.
. "$(dirname "$0")/lib.sh"
DRIVER=$SOURCE/tests/conformance/windows
grep -oh '"[A-K]-[0-9][0-9]"' "$DRIVER"/*.c | tr -d '"' | sort -u >expected
judge()
{
    sed -n 's/^conform: FAIL/FAIL/p' err >failed
    sed -n 's/^conform: PASS //p' err | sort -u >passed
    check "no rule fails $1: $(head -n 3 failed)" test ! -s failed
    check "every rule was checked $1: $(comm -23 expected passed | tr '\n' ' ')" test -z "$(comm -23 expected passed)"
    check "no finding but those of wrong calls $1" test -z "$(grep -E '^ +\[[0-9]+\] conform: ' err | grep -v 'K-11, rule C-11')"
}
cat >s <<'FBS'
write conform.dat hello
read conform.dat
delete conform.dat
FBS
check "it names more than a hundred rules" test "$(wc -l <expected)" -gt 100
fb run -f "$DRIVER" --memory --script s
exits 0
judge "in memory"
says_not "not attached"                        # of several registrations the last one counts
if [ -e /dev/fuse ] && mkdir mounted && "$FILTERBED" run -q -f "$NULL" -d mounted -- true 2>probe.log; then
    fb run -f "$DRIVER" -d mounted -- sh -c 'echo hello >conform.dat && cat conform.dat >/dev/null && rm conform.dat'
    exits 0
    judge "in a mount"
fi
# compiled as for Windows, from nothing but the public headers
if command -v clang >/dev/null; then
    for c in "$DRIVER"/*.c; do
        check "$c for x86_64-pc-windows-msvc" clang --target=x86_64-pc-windows-msvc -ffreestanding -nostdlibinc -fsyntax-only \
            -Wall -Wextra -Werror -Wno-multichar -Wno-microsoft -fms-extensions -std=c17 -I "$SOURCE/include/nt" "$c"
    done
    check "nothing else is included" test -z "$(grep -h '#include' "$DRIVER"/*.[ch] | grep -v '<fltKernel.h>\|"conform.h"')"
fi
