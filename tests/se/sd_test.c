/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* Security descriptors and ACLs: made, taken apart, converted, and refused when broken. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include <string.h>

#include "ke/ki.h"

static SID_IDENTIFIER_AUTHORITY Nt = {SECURITY_NT_AUTHORITY};
static PSID System, User;

static int
setup(void **state)
{
    (void)state;
    KeInitialize();
    return NT_SUCCESS(RtlAllocateAndInitializeSid(&Nt, 1, SECURITY_LOCAL_SYSTEM_RID, 0, 0, 0, 0, 0, 0, 0, &System)) &&
                   NT_SUCCESS(RtlAllocateAndInitializeSid(&Nt, 5, 21, 1, 2, 3, 1001, 0, 0, 0, &User))
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    (void)state;
    RtlFreeSid(System);
    RtlFreeSid(User);
    return 0;
}

static void
test_se_sd__sids(void **state)
{
    ULONGLONG Space[8];
    PSID Other = Space;

    (void)state;
    assert_int_equal(RtlLengthSid(User), 28);
    assert_int_equal(RtlInitializeSidEx(Other, &Nt, 5, 21, 1, 2, 3, 1002), STATUS_SUCCESS);
    assert_false(RtlEqualSid(User, Other));
    assert_true(RtlEqualPrefixSid(User, Other));
    assert_false(RtlEqualPrefixSid(User, System));
    PSID None = Space;
    assert_int_equal(RtlAllocateAndInitializeSid(&Nt, 9, 1, 2, 3, 4, 5, 6, 7, 8, &None), STATUS_INVALID_SID);
}

static void
test_se_sd__entries_are_added_moved_and_deleted(void **state)
{
    ULONGLONG Space[32], Copy[8];
    PACL Acl = (PACL)Space;
    ACL_SIZE_INFORMATION Size;
    PACCESS_ALLOWED_ACE Ace;

    (void)state;
    assert_int_equal(RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION), STATUS_SUCCESS);
    assert_int_equal(RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_READ_DATA, System), STATUS_SUCCESS);
    assert_int_equal(RtlAddAccessDeniedAce(Acl, ACL_REVISION, FILE_WRITE_DATA, User), STATUS_SUCCESS);
    assert_int_equal(RtlQueryInformationAcl(Acl, &Size, sizeof(Size), AclSizeInformation), STATUS_SUCCESS);
    assert_int_equal(Size.AceCount, 2);
    assert_int_equal(Size.AclBytesInUse, 8 + 20 + 36);
    assert_int_equal(Size.AclBytesFree, sizeof(Space) - Size.AclBytesInUse);
    assert_int_equal(RtlGetAce(Acl, 1, (PVOID *)&Ace), STATUS_SUCCESS);
    memcpy(Copy, Ace, Ace->Header.AceSize);
    assert_int_equal(RtlDeleteAce(Acl, 1), STATUS_SUCCESS);
    assert_int_equal(RtlDeleteAce(Acl, 1), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlAddAce(Acl, ACL_REVISION, 0, Copy, 36), STATUS_SUCCESS);
    assert_int_equal(Acl->AceCount, 2);
    assert_int_equal(RtlGetAce(Acl, 0, (PVOID *)&Ace), STATUS_SUCCESS);
    assert_int_equal(Ace->Header.AceType, ACCESS_DENIED_ACE_TYPE);
    assert_true(RtlEqualSid(&Ace->SidStart, User));
    assert_int_equal(RtlGetAce(Acl, 1, (PVOID *)&Ace), STATUS_SUCCESS);
    assert_true(RtlEqualSid(&Ace->SidStart, System));
    assert_int_equal(RtlAddAce(Acl, ACL_REVISION, MAXULONG, Copy, 35), STATUS_INVALID_PARAMETER);
    while (NT_SUCCESS(RtlAddAce(Acl, ACL_REVISION, MAXULONG, Copy, 36))) {
    }
    assert_true(RtlValidAcl(Acl));
    assert_int_equal(RtlAddAce(Acl, ACL_REVISION, MAXULONG, Copy, 36), STATUS_BUFFER_TOO_SMALL);
}

static void
test_se_sd__there_and_back(void **state)
{
    SECURITY_DESCRIPTOR Absolute;
    ULONGLONG Relative[32], DaclSpace[16], Sizes[4][16];
    SECURITY_DESCRIPTOR Back;
    PACL Dacl = (PACL)DaclSpace, Found;
    PSID Owner, Group;
    BOOLEAN Present, Defaulted;
    SECURITY_DESCRIPTOR_CONTROL Control;
    ULONG Revision, Length = 0, BackSize = sizeof(Back), DaclSize = 0, SaclSize = 128, OwnerSize = 128, GroupSize = 128;

    (void)state;
    assert_int_equal(RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
    RtlCreateAcl(Dacl, 64, ACL_REVISION);
    RtlAddAccessAllowedAce(Dacl, ACL_REVISION, GENERIC_ALL, System);
    RtlSetOwnerSecurityDescriptor(&Absolute, User, FALSE);
    RtlSetDaclSecurityDescriptor(&Absolute, TRUE, Dacl, TRUE);
    assert_int_equal(RtlAbsoluteToSelfRelativeSD(&Absolute, Relative, &Length), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Length, 20 + 28 + 64);
    assert_int_equal(RtlAbsoluteToSelfRelativeSD(&Absolute, Relative, &Length), STATUS_SUCCESS);
    assert_int_equal(RtlAbsoluteToSelfRelativeSD(Relative, Relative, &Length), STATUS_BAD_DESCRIPTOR_FORMAT);
    assert_int_equal(RtlGetOwnerSecurityDescriptor(Relative, &Owner, &Defaulted), STATUS_SUCCESS);
    assert_true(RtlEqualSid(Owner, User));
    assert_int_equal(RtlGetGroupSecurityDescriptor(Relative, &Group, &Defaulted), STATUS_SUCCESS);
    assert_null(Group);
    assert_int_equal(RtlGetDaclSecurityDescriptor(Relative, &Present, &Found, &Defaulted), STATUS_SUCCESS);
    assert_true(Present && Defaulted);
    assert_int_equal(Found->AceCount, 1);
    assert_int_equal(RtlGetSaclSecurityDescriptor(Relative, &Present, &Found, &Defaulted), STATUS_SUCCESS);
    assert_false(Present);
    assert_int_equal(RtlGetControlSecurityDescriptor(Relative, &Control, &Revision), STATUS_SUCCESS);
    assert_int_equal(Control, SE_SELF_RELATIVE | SE_DACL_PRESENT | SE_DACL_DEFAULTED);
    assert_int_equal(RtlSelfRelativeToAbsoluteSD(Relative, &Back, &BackSize, (PACL)Sizes[0], &DaclSize, (PACL)Sizes[1], &SaclSize, Sizes[2], &OwnerSize,
                                                 Sizes[3], &GroupSize), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(DaclSize, 64);
    assert_int_equal(GroupSize, 0);
    assert_int_equal(RtlSelfRelativeToAbsoluteSD(Relative, &Back, &BackSize, (PACL)Sizes[0], &DaclSize, (PACL)Sizes[1], &SaclSize, Sizes[2], &OwnerSize,
                                                 Sizes[3], &GroupSize), STATUS_SUCCESS);
    assert_true(RtlEqualSid(Back.Owner, User));
    assert_null(Back.Sacl);
    assert_memory_equal(Back.Dacl, Dacl, 64);
}

static void
test_se_sd__broken_ones_are_seen(void **state)
{
    SECURITY_DESCRIPTOR Absolute;
    ULONGLONG Space[32];
    SECURITY_DESCRIPTOR_RELATIVE *Relative = (SECURITY_DESCRIPTOR_RELATIVE *)Space;
    ULONG Length = sizeof(Space);

    (void)state;
    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlSetOwnerSecurityDescriptor(&Absolute, User, FALSE);
    assert_int_equal(RtlAbsoluteToSelfRelativeSD(&Absolute, Relative, &Length), STATUS_SUCCESS);
    assert_true(SeValidSecurityDescriptor(Length, Relative));
    assert_true(RtlValidRelativeSecurityDescriptor(Relative, Length, OWNER_SECURITY_INFORMATION));
    assert_false(RtlValidRelativeSecurityDescriptor(Relative, Length, GROUP_SECURITY_INFORMATION));
    assert_false(SeValidSecurityDescriptor(Length - 1, Relative));
    Relative->Owner = Length - 4;
    assert_false(SeValidSecurityDescriptor(Length, Relative));
    Relative->Owner = 0xFFFFFFF0u;
    assert_false(SeValidSecurityDescriptor(Length, Relative));
    assert_false(SeValidSecurityDescriptor(sizeof(Absolute), &Absolute));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_se_sd__sids),
        cmocka_unit_test(test_se_sd__entries_are_added_moved_and_deleted),
        cmocka_unit_test(test_se_sd__there_and_back),
        cmocka_unit_test(test_se_sd__broken_ones_are_seen),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
