# SPDX-License-Identifier: MIT
# make -j4 of a generated C project inside the mount with two filters gives the same objects as outside.
# ctest-labels: concurrent
. "$(dirname "$0")/lib.sh"
need_fuse
files=${FILTERBED_MAKE_FILES:-$([ -z "$SANITIZE" ] && echo 60 || echo 20)}
generate()
{
    mkdir -p "$1/include" "$1/src"
    for i in $(seq "$files"); do
        echo "int f$i(int x);" >>"$1/include/all.h"
        {
            echo '#include "all.h"'
            echo '#include <stdio.h>'
            echo "static const char *const text = \"file $i\";"
            for n in $(seq 20); do
                echo "static int g$n(int x) { int s = 0; for (int i = 0; i < x; i++) { s += (i ^ $n) * $i; } return s; }"
            done
            echo "int f$i(int x) { int s = 0;"
            for n in $(seq 20); do echo "s += g$n(x);"; done
            echo 'if (s == -1) { puts(text); } return s; }'
        } >"$1/src/f$i.c"
    done
    {
        echo '#include "all.h"'
        echo 'int main(void) { int s = 0;'
        for i in $(seq "$files"); do echo "s += f$i($i);"; done
        echo 'return s == 42; }'
    } >"$1/src/main.c"
    cat >"$1/Makefile" <<'MAKE'
SOURCES := $(sort $(wildcard src/*.c))
OBJECTS := $(SOURCES:src/%.c=build/%.o)
program: lib.a build/main.o
	$(CC) -o $@ build/main.o lib.a
lib.a: $(filter-out build/main.o,$(OBJECTS))
	rm -f $@
	ar rcD $@ $^
build/%.o: src/%.c | build
	$(CC) -O1 -Iinclude -MMD -c -o $@ $<
build:
	mkdir -p $@
-include $(OBJECTS:.o=.d)
MAKE
}
generate bare
cp -a bare seen
export CC="gcc -fdebug-prefix-map=$WORK=."
unset MAKEFLAGS
( cd bare && make -s -j4 ) || fail "make outside"
fb run -f "$NULL" -f "$TRACK" --log=driver.log -d seen -- make -s -j4
exits 0
says "filterbed: no findings"
check "same objects" diff -r bare seen
check "there are objects" [ "$(ls seen/build/*.o | wc -l)" -eq $((files + 1)) ]
fb run -q -f "$NULL" -f "$TRACK" --log=driver.log -d seen -- make -j4
exits 0
check "nothing is made twice" grep -q "up to date" out
fb run -q -f "$NULL" -d seen -- sh -c 'touch include/all.h && make -s -j4 && ./program; make clean 2>/dev/null; rm -rf build lib.a program; ls'
exits 0
check "removed" [ ! -e seen/build ]
