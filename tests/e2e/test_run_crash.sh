# SPDX-License-Identifier: MIT
# A driver that crashes: named, survived where possible, unmounted cleanly where not; the files stay as they were left.
. "$(dirname "$0")/lib.sh"
driver faulty 370100
mkdir d

# In the driver's own code: the operation fails, the filter is skipped, the run goes on
for how in null-pointer wild-call bad-copy stack-overflow bug-check; do
    if [ "$how" = stack-overflow ] && [ -n "$SANITIZE" ]; then
        continue
    fi
    printf 'write before x\n!EIO write %s y\nwrite after z\nwrite %s y\n' "$how" "$how" >s
    rm -f d/*
    fb run -f faulty -f "$NULL" -d d --error-exitcode=99 --script s
    exits 99 "$how"
    says "filterbed: faulty: "
    says "K-00"
    says "faulty.c:"
    says "faulty, altitude 370100, 1 instance, faulted"
    says "null, altitude 370030.5, 1 instance, unloaded"
    check "$how: what was done before and after is there" [ "$(cat d/before d/after "d/$how")" = xzy ]
done

# --on-fault=stop
printf 'write a x\n!EIO write null-pointer y\nsleep 300\nwrite b z\n' >s
rm -f d/*
fb run -f faulty -d d --on-fault=stop --script s
exits 125
says "stopping"
check "the script was stopped" [ ! -e d/b ]

need_fuse
rm -f d/*
fb run -f faulty -d d -- sh -c 'echo x >before; echo y >null-pointer || echo failed; echo z >after; cat before after'
exits 0
prints "failed
x
z"
says "filterbed: faulty: "
check "the files below are as they were left" [ "$(cat d/before d/after)" = "x
z" ]
# In the runtime, called by the driver with nonsense: the server cannot go on
if [ -z "$SANITIZE" ]; then
    rm -f d/*
    fb run -f faulty -d d -- sh -c 'echo x >before; echo y >bad-event; echo z >after'
    exits 125
    says "the server died: SIGSEGV"
    says "faulty during pre IRP_MJ_CREATE"
    says "faulty.c:"
    check "what was complete is there" grep -qx x d/before
    check "what came later is not" [ ! -e d/after ]
    rm -f d/*
    fb run -f faulty -d d -- sh -c 'echo x >before; kill -9 $(pgrep -P $PPID -xf "filterbed --server"); sleep 0.2; echo z >after'
    exits 125 "the server was killed"
    says "the server died: SIGKILL"
    check "what was complete is there" grep -qx x d/before
fi
check "nothing stays mounted" sh -c "! grep -q fuse.filterbed /proc/mounts"
