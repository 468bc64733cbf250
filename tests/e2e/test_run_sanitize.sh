# SPDX-License-Identifier: MIT
# --sanitize: the driver is built with it, the server runs under it, the command does not; its findings count.
. "$(dirname "$0")/lib.sh"
if [ -n "$SANITIZE" ]; then
    echo "SKIPPED: filterbed itself is built with a sanitizer here"
    exit 77
fi
driver careless 370100
echo 'write a x' >s
fb run -f careless --memory --error-exitcode=99 --sanitize=undefined --script s
exits 99
says "careless.c:$(grep -n '<< Shift' careless/careless.c | cut -d: -f1)"
says "shift exponent"
says "sanitizer"
fb run -f careless --memory --error-exitcode=99 --sanitize=address --script s
exits 99
says "heap-use-after-free"
says "CarelessPreWrite"
says "the server died"
fb run -f careless --memory --sanitize=thread --script s
exits 125
says "thread sanitizer"
if command -v gcc >/dev/null && command -v clang >/dev/null; then
    cp -r careless careful
    mv careful/careless.c careful/careful.c
    minimal_inf careful 370101 >careful/careful.inf
    rm careful/careless.inf
    check "gcc builds it" "$FILTERBED" build careful --cc=gcc --sanitize=address -o "$WORK/careful.so" >/dev/null 2>&1
    cp careful/careful.inf careful.inf
    fb run -f careless --cc=clang --sanitize=address -f careful.so --memory --script s
    exits 125
    says "have the sanitizers of different compilers"
fi
need_fuse
mkdir d
fb run -q -f "$NULL" -d d --sanitize=address,undefined -- sh -c 'echo x >a; cat a; env | grep LD_PRELOAD'
exits 1 "no preload in the command"
prints x
