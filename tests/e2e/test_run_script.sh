# SPDX-License-Identifier: MIT
# --script: the language, on both kinds of volume, without FUSE and without privileges.
. "$(dirname "$0")/lib.sh"
printf 'from a file\n' >data.txt
cat >all.fbs <<'FBS'
# every operation
mkdir docs
create docs/empty 0600
write docs/a.txt "hello\n"
append docs/a.txt "world\n"
expect docs/a.txt "hello\nworld\n"
pwrite docs/a.txt 0 J
expect docs/a.txt "Jello\nworld\n"
size docs/a.txt 12
truncate docs/a.txt 5
expect docs/a.txt Jello
write big 3M bytes
size big 3145728
expect big 3M bytes
write copied @data.txt
read copied
rename docs/a.txt "docs/with blank"
link "docs/with blank" hard
symlink docs/empty soft
readlink soft docs/empty
chmod 0640 hard
stat hard
list docs
list
exists hard
absent nothing
touch touched
open h hard rw
!EEXIST create hard
!ENOENT delete nothing
!ENOTEMPTY rmdir docs
! readlink hard
close h
delete hard
delete soft
delete big
delete copied
delete touched
delete "docs/with blank"
delete docs/empty
rmdir docs
echo done
FBS
wanted='from a file
hard: file mode 0640 links 2 size 5
empty
with blank
big
copied
docs
hard
soft
done'
fb run -q -f "$NULL" -f "$TRACK" --memory --script all.fbs
exits 0
prints "$wanted"
mkdir d
fb run -q -f "$NULL" -f "$TRACK" -d d --script all.fbs
exits 0
prints "$wanted"
check "the directory is empty again" [ -z "$(ls -A d)" ]
fb run -q -f "$NULL" -d d --script - <all.fbs

printf 'write a x\ndelete b\nwrite c y\n' >fails.fbs
fb run -q -f "$NULL" -d d --script fails.fbs
exits 1
says "fails.fbs:2: delete b: No such file or directory"
check "what came before the failure is there" [ -e d/a ]
check "what came after it is not" [ ! -e d/c ]
printf '!delete a\n' >fails.fbs
fb run -q -f "$NULL" -d d --script fails.fbs
exits 1
says "fails.fbs:1: delete a: succeeded, and was to fail"
printf 'write a x\nexpect a y\n' >fails.fbs
fb run -q -f "$NULL" -d d --script fails.fbs
exits 1
says "fails.fbs:2: expect a: its contents differ from byte 0 on"
printf 'write a x\n\nfrobnicate a\n' >fails.fbs
rm -f d/a
fb run -q -f "$NULL" -d d --script fails.fbs
exits 125
says "fails.fbs:3: unknown operation: frobnicate"
check "nothing has run" [ ! -e d/a ]

# The plainest container: no /dev/fuse, no privileges
if unshare -rm true 2>/dev/null; then
    unshare -rm bash -c 'mount -t tmpfs none /dev && : >/dev/null && exec "$@"' - \
        "$FILTERBED" run -q -f "$NULL" --memory --script all.fbs >out 2>err
    status=$?
    exits 0 "a script without /dev"
    prints "$wanted"
    unshare -rm bash -c 'mount -t tmpfs none /dev && : >/dev/null && exec "$@"' - \
        "$FILTERBED" run -q -f "$NULL" -d d -- true >out 2>err
    status=$?
    exits 125
    says "there is no /dev/fuse"
    says "--script"
fi
