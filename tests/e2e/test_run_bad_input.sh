# SPDX-License-Identifier: MIT
# Everything that can be wrong from the start: a clear message, a non-zero status, nothing lost, nothing left behind.
. "$(dirname "$0")/lib.sh"
mkdir d
echo precious >d/file

fb run
exits 2
says "no filter given"
fb run -f "$NULL" -- true
exits 2
fb run -f "$NULL" -d d --memory -- true
exits 2
fb run -f "$NULL" -d d
exits 2
says "no command given"
fb run -f "$NULL" -d d --verify=much -- true
exits 2
says "much"
fb run -f "$NULL" -d d --report=pdf:x -- true
exits 2
says "text:FILE, json:FILE, sarif:FILE or junit:FILE"
fb run -f "$NULL" -d d --frobnicate -- true
exits 2
says "--frobnicate"

# Scripts need no FUSE, so these run everywhere.
echo list >s
fb run -f "$NULL" -d nowhere --script s
exits 125
says "nowhere: No such file or directory"
fb run -f "$NULL" -d d/file --script s
exits 125
says "is not a directory"
fb run -f nothing-here -d d --script s
exits 125
says nothing-here
fb run -f "$NULL" -d d --script no-script
exits 125
says no-script

# INF: missing, malformed, no altitude
driver faulty 370100
rm faulty/faulty.inf
fb run -f faulty -d d --script s
exits 125
says "INF"
echo '[Version' >faulty/faulty.inf
fb run -f faulty -d d --script s
exits 125
says "faulty.inf"
minimal_inf faulty 370100 | grep -v Altitude >faulty/faulty.inf
fb run -f faulty -d d --script s
exits 125
says "ltitude"
minimal_inf faulty high >faulty/faulty.inf
fb run -f faulty -d d --script s
exits 125
says '"high"'

# Sources
driver failing 370101
sed -i 's/DbgPrint/oops {/' failing/failing.c
fb run -f failing -d d --script s
exits 125
says "failing.c:14"
driver entryless 370102
fb run -f entryless -d d --script s
exits 125
says "DriverEntry"
cp "$SOURCE/tests/e2e/drivers/failing/failing.c" failing/
fb run -f failing -d d --script s
exits 125
says "DriverEntry failed with STATUS_DEVICE_CONFIGURATION_ERROR"
says "failing: not today"
echo text >not-a-module.so
fb run -f not-a-module.so -d d --script s
exits 125
says not-a-module.so

# Two at one altitude, however it is written; one twice
driver stuck 0370030.50
fb run -f "$NULL" -f stuck -d d --script s
exits 125
says "both at altitude"
fb run -f "$NULL" -f "$NULL" -d d --script s
exits 125
says "given twice"

fb run -f "$NULL" -d d --log /nowhere/log --script s
exits 125
says /nowhere/log
check "the file is as it was" grep -qx precious d/file
check "nothing else appeared" [ "$(ls d)" = file ]

need_fuse
fb run -f "$NULL" -d d -- no-such-command
exits 127
says "no-such-command: command not found"
echo x >d/plain
fb run -f "$NULL" -d d -- ./plain
exits 126
says "Permission denied"
# In use: inside a run, the same directory again
fb run -q -f "$NULL" -d d -- "$FILTERBED" run -q -f "$NULL" -d "$WORK/d" -- true
exits 125
says "is in use"
if [ "$(id -u)" = 0 ]; then
    mkdir -m 0 locked
    chmod 755 .
    setpriv --reuid=65534 --regid=65534 --clear-groups env XDG_CACHE_HOME=/tmp "$FILTERBED" run -f "$NULL" -d locked --script s >out 2>err
    status=$?
    exits 125
    says "locked"
    says "Permission denied"
fi
