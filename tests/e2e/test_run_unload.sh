# SPDX-License-Identifier: MIT
# An unload that would never end is reported, with where it waits, and does not hang the run.
. "$(dirname "$0")/lib.sh"
driver stuck 370100
echo 'write a x' >s
fb run -f stuck --memory --watchdog=1 --error-exitcode=99 --script s
exits 99
says "the unload routine of stuck has not returned"
says "F-19"
says "StuckUnload"
says "stuck.c:"
fb run -f stuck -f "$NULL" --memory --watchdog=1 --script s
exits 0
says "null, altitude 370030.5, 1 instance, unloaded"
