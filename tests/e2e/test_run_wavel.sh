# SPDX-License-Identifier: MIT
# The routines of older filters: a driver that calls each of them, above a volume that is there when it comes.
. "$(dirname "$0")/lib.sh"
printf '!EACCES write refused x\nwrite abc hello\nread abc\nmkdir d\nrename abc d/e\nread d/e\n' >s
fb run -f "$SOURCE/tests/e2e/drivers/wavel" --memory --load-order mount,wavel --error-exitcode=99 --script s
exits 0
prints "hello
hello"
says "wavel: 0 failures"
says "attached to 1 volume"
says_not "wavel: line"
says_not "not there"
