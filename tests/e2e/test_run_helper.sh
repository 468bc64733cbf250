# SPDX-License-Identifier: MIT
# Neither root nor a user namespace (as in a chroot): fusermount3 mounts at a temporary place, and nothing stays behind.
. "$(dirname "$0")/lib.sh"
need_fuse
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
    echo "SKIPPED: needs root, to become somebody else and to lend him a device"
    exit 77
fi
if [ ! -u /usr/bin/fusermount3 ]; then
    echo "SKIPPED: there is no fusermount3 that is set-user-id root (package fuse3)"
    exit 77
fi
mkdir d root
echo hi >d/a.txt
chown -R 65534:65534 "$WORK"
chmod 755 "$WORK"
mknod fuse c 10 229
chmod 666 fuse
# helped CMD …: as user 65534 in a system without user namespaces, with a device that opens and a readable mount table
helped()
{
    timeout 100 unshare -m --propagation private bash -c '
        mount --bind fuse /dev/fuse && mount --rbind / root || exit 99
        [ -e root/etc/mtab ] || { mount -t tmpfs none root/mnt && cp -a root/etc root/mnt/etc &&
            ln -s ../proc/self/mounts root/mnt/etc/mtab && mount --rbind root/mnt/etc root/etc; } || exit 98
        exec chroot --userspec=65534:65534 --groups= root env -C "$PWD" TMPDIR="$PWD" "$@"' - "$@" >out 2>err </dev/null
    status=$?
}
helped unshare -Ur true
if [ $status -eq 0 ] || [ $status -ge 98 ]; then
    echo "SKIPPED: cannot build a place without user namespaces ($status): $(cat err)"
    exit 77
fi
helped "$FILTERBED" run -f "$NULL" -d d -- sh -c '
    cat a.txt; id -u; [ "$PWD" = "$FILTERBED_MOUNT" ] && echo there; echo mine >made; stat -c %u made'
exits 0
prints "hi
65534
there
65534"
says "is shown at $WORK/filterbed-"
check "the file is there, and his" [ "$(cat d/made) $(stat -c %u d/made)" = "mine 65534" ]
check "nobody was left behind" sh -c '! grep -q "left behind" err'
check "the mount point is gone" [ -z "$(ls -d filterbed-* 2>/dev/null)" ]

# Killed: the mount goes all the same.
helped sh -c '
    "$1" run -q -f "$2" -d d -- sh -c "cd /; touch \$FILTERBED_MOUNT/was; kill -9 \$PPID; sleep 9"
    n=0; while ls -d filterbed-* && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done >/dev/null 2>&1
    ls -d filterbed-* 2>/dev/null; grep -c filterbed- /proc/self/mounts' - "$FILTERBED" "$NULL"
prints 0
check "it ran until it was killed" [ -e d/was ]
