/* SPDX-License-Identifier: MIT */
typedef struct _DROP {
    LONG Size;
} DROP, *PDROP;

VOID DropCleanup(_In_ PVOID Context, _In_ FLT_CONTEXT_TYPE Type);

LONG
DropSize(
    PDROP Drop
    );
