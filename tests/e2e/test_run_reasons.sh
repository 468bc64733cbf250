# SPDX-License-Identifier: MIT
# The report says why: a driver did not start, a filter is attached nowhere, a filter cannot be unloaded.
. "$(dirname "$0")/lib.sh"
echo 'write a x' >s
# moody SWITCH…: the driver with these switches turned
moody()
{
    rm -rf moody
    driver moody 370120
    for switch in "$@"; do
        sed -i "s,#define $switch 0,#define $switch 1," moody/moody.c
    done
}

# A routine that is not there (if this one ever is, take another)
moody CALLS_MISSING
line=$(grep -n 'Status = FltAdjust' moody/moody.c | cut -d: -f1)
fb run -f moody --memory --script s
exits 125
says "moody: DriverEntry failed with STATUS_NOT_IMPLEMENTED (0xC0000002); filterbed does not have FltAdjustDeviceStackSizeForIoRedirection (called by DriverEntry, moody.c:$line)"

# Attached nowhere
moody SETUP_REFUSES
fb run -f moody --memory --report json:r --script s
exits 0
says "0 instances, unloaded"
says "not attached: its InstanceSetup refused with STATUS_FLT_DO_NOT_ATTACH"
check "the JSON report says so" grep -q '"not_attached": "its InstanceSetup refused' r
moody SETUP_FAILS
fb run -f moody --memory --script s
says "not attached: its InstanceSetup failed with STATUS_DISK_FULL"
moody NEVER_STARTS
fb run -f moody --memory --script s
exits 0
says "not attached: it never called FltStartFiltering"
moody NEVER_REGISTERS
fb run -f moody --memory --script s
says "not attached: it never called FltRegisterFilter"
moody
sed -i 's/"Flags",0x00010001,0/"Flags",0x00010001,0x3/' moody/moody.inf
fb run -f moody --memory --script s
says "not attached: the flags of its instance in the INF suppress automatic attachment"
moody
fb run -f moody --memory --report json:r --script s
says "1 instance, unloaded"
says_not "not attached"
check "nothing to say is null" grep -q '"not_attached": null' r
says "moody: unload, flags 0"

# Not to be unloaded
moody NO_UNLOAD FORGETS
fb run -f moody --memory --watchdog=1 --error-exitcode=99 --report json:r --script s
exits 99
says "1 instance, refused to unload"
says "it cannot be unloaded: it registered no FilterUnloadCallback"
says "moody: teardown, reason"
says "(8 bytes, tag 'Mood'): "
says "MoodySetup (moody/moody.c:"
moody NO_UNLOAD
fb run -f moody -f "$NULL" --memory --error-exitcode=99 --script s
exits 0
says "no findings"
says "null, altitude 370030.5, 1 instance, unloaded"
moody REFUSES
fb run -f moody --memory --error-exitcode=99 --script s
exits 0
says "1 instance, unloaded"
says "its FilterUnloadCallback refused with STATUS_FLT_DO_NOT_DETACH; a mandatory unload, which it cannot refuse, followed"
check "asked, then told" [ "$(grep -c 'moody: unload' err)" = 2 ]
says "moody: unload, flags 1"
moody REFUSES NO_SERVICE_STOP
fb run -f moody --memory --error-exitcode=99 --script s
exits 0
says "1 instance, refused to unload"
says "it does not support service stop"
check "asked only" [ "$(grep -c 'moody: unload' err)" = 1 ]
says "no findings"

# Altitudes of any length
moody
sed -i "s/\"370120\"/\"$(printf '9%.0s' $(seq 400)).$(printf '1%.0s' $(seq 400))\"/" moody/moody.inf
fb run -f moody --memory --script s
exits 0
says "1 instance, unloaded"

# Not forbidden, but not for minifilters (I-29)
moody LEGACY_CONTEXT
fb run -f moody --memory --script s
says "FS-01, rule I-29"
says "MoodyPreCreate (moody/moody.c:"

# What a crashed filter had pended is answered; who waits for it does not hang
need_fuse
moody DEFERS
mkdir d
echo x >d/pended
echo x >d/fault
started=$SECONDS
fb run -f moody --error-exitcode=99 -d d -- sh -c 'cat pended & sleep 0.5; cat fault; wait; cat pended'
exits 99
prints x
says "driver moody faulted"
check "nobody waited" [ $((SECONDS - started)) -lt 20 ]
