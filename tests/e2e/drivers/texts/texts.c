/* SPDX-License-Identifier: MIT */
/* A test driver that checks what it is given of the C run-time and of security descriptors, and says what is wrong. */
#include <fltKernel.h>

#define MUST(Condition)                                              \
    do {                                                             \
        if (!(Condition)) {                                          \
            DbgPrint("wrong, line %d: %s\n", __LINE__, #Condition);  \
            return STATUS_UNSUCCESSFUL;                              \
        }                                                            \
    } while (0)

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS
Narrow(VOID)
{
    char Text[6] = "xxxxx";

    MUST(strcpy_s(Text, 6, "abc") == 0 && strcmp(Text, "abc") == 0);
    MUST(strcat_s(Text, 6, "de") == 0 && strcmp(Text, "abcde") == 0);
    MUST(strcat_s(Text, 6, "f") == 34 && Text[0] == 0);
    MUST(strcpy_s(Text, 6, "abcdef") == 34 && Text[0] == 0);
    MUST(strncpy_s(Text, 6, "abcdef", 2) == 0 && strcmp(Text, "ab") == 0);
    MUST(strncat_s(Text, 6, "cdef", _TRUNCATE) == 80 && strcmp(Text, "abcde") == 0);
    MUST(strncpy_s(Text, 6, "abcdefgh", _TRUNCATE) == 80 && strcmp(Text, "abcde") == 0);
    MUST(strncpy_s(Text, 6, "abcde", _TRUNCATE) == 0);
    MUST(strcpy_s(Text, 6, NULL) == 22 && Text[0] == 0);
    MUST(strcpy_s(NULL, 6, "a") == 22 && strcpy_s(Text, 0, "a") == 22);
    memset(Text, 'x', 6);
    MUST(strcat_s(Text, 6, "a") == 22 && Text[0] == 0);
    return STATUS_SUCCESS;
}

static NTSTATUS
Wide(VOID)
{
    WCHAR Text[6] = L"xxxxx";

    MUST(wcscpy_s(Text, 6, L"abc") == 0 && wcscmp(Text, L"abc") == 0);
    MUST(wcscat_s(Text, 6, L"de") == 0 && wcscmp(Text, L"abcde") == 0);
    MUST(wcscat_s(Text, 6, L"f") == 34 && Text[0] == 0);
    MUST(wcsncpy_s(Text, 6, L"\x4E00\x4E8C\x4E09", 2) == 0 && wcscmp(Text, L"\x4E00\x4E8C") == 0);
    MUST(wcsncat_s(Text, 6, L"cdef", _TRUNCATE) == 80 && wcscmp(Text, L"\x4E00\x4E8C" L"cde") == 0);
    MUST(wcscpy_s(Text, 6, NULL) == 22 && Text[0] == 0);
    MUST(wcscpy_s(NULL, 6, L"a") == 22 && wcscpy_s(Text, 0, L"a") == 22);
    return STATUS_SUCCESS;
}

static NTSTATUS
Descriptors(VOID)
{
    SECURITY_DESCRIPTOR Absolute;
    union { ACL Acl; UCHAR Bytes[64]; } List;
    BOOLEAN Present, Defaulted;
    PACL Found;

    MUST(NT_SUCCESS(RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION)));
    MUST(RtlLengthSecurityDescriptor(&Absolute) == sizeof(Absolute));
    MUST(NT_SUCCESS(RtlCreateAcl(&List.Acl, sizeof(List), ACL_REVISION)));
    MUST(NT_SUCCESS(RtlSetDaclSecurityDescriptor(&Absolute, TRUE, &List.Acl, FALSE)));
    MUST(RtlLengthSecurityDescriptor(&Absolute) == sizeof(Absolute) + 64);
    MUST(NT_SUCCESS(RtlGetDaclSecurityDescriptor(&Absolute, &Present, &Found, &Defaulted)) && Present && Found == &List.Acl);
    return STATUS_SUCCESS;
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    return NT_SUCCESS(Narrow()) && NT_SUCCESS(Wide()) ? Descriptors() : STATUS_UNSUCCESSFUL;
}
