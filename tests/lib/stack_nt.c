/* SPDX-License-Identifier: MIT */
/* Random stacks; see stack.h. */
#include "stack.h"

#include "stackbed.h"

#define ALTITUDE_CHARS 16

typedef enum MINI_DOES { DoesNothing, DoesPost, DoesSynchronize, DoesNames, DoesContexts, DoesCount } MINI_DOES;
static struct { MINI_DOES Does; char Altitude[ALTITUDE_CHARS]; } Random[FILTERS];
static _Atomic(ULONGLONG) Calls;
static uint64_t State;

static ULONG
Pick(ULONG Limit)
{
    State ^= State << 13;
    State ^= State >> 7;
    State ^= State << 17;
    return (ULONG)((State >> 16) % Limit);
}

static VOID
Seed(uint64_t Value)
{
    State = Value * 0x9E3779B97F4A7C15ull | 1;
    Pick(2);
}

/* ---- what minifilters do ---- */

static FLT_PREOP_CALLBACK_STATUS
RandomPre(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_FILE_NAME_INFORMATION Name;

    (void)Objects;
    (void)Context;
    atomic_fetch_add(&Calls, 1);
    if (Random[Which].Does == DoesNames && Data->Iopb->MajorFunction != IRP_MJ_CLOSE &&
        NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        FltReleaseFileNameInformation(Name);
    }
    switch (Random[Which].Does) {
    case DoesNothing:
    case DoesNames:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    case DoesSynchronize:
        return FLT_PREOP_SYNCHRONIZE;
    default:
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    }
}

static FLT_POSTOP_CALLBACK_STATUS
RandomPost(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    PFLT_CONTEXT New;

    (void)Context;
    atomic_fetch_add(&Calls, 1);
    if (Random[Which].Does != DoesContexts || Data->Iopb->MajorFunction != IRP_MJ_CREATE || !NT_SUCCESS(Data->IoStatus.Status) ||
        Data->IoStatus.Status == STATUS_REPARSE) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Types); i++) {
        if (!NT_SUCCESS(FltAllocateContext(Objects->Filter, Types[i], 16, PagedPool, &New))) {
            continue;
        }
        if (i == 0) {
            FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, New, NULL);
        } else {
            FltSetStreamHandleContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, New, NULL);
        }
        FltReleaseContext(New);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- building ---- */

static VOID
Add(char *Text, size_t Size, const char *More)
{
    const size_t Used = strlen(Text), Length = strlen(More);

    if (Used + Length < Size) {
        memcpy(Text + Used, More, Length + 1);
    }
}

static VOID
RandomLegacy(ULONG Which, BOOLEAN Ladder, char *Text, size_t Size)
{
    static const char *const Groups[] = { NULL, "FSFilter Encryption", "FSFilter Anti-Virus", "FSFilter Activity Monitor", "FSFilter Bottom", "nothing" };
    const char *Group = Groups[Ladder ? 0 : Pick(RTL_NUMBER_OF(Groups))];
    const char Name[] = { ' ', (char)('A' + Which), 0 };

    Legacies[Which].Style = (LEGACY_STYLE)Pick(LegacyStyles);
    Legacies[Which].Late = TRUE;
    assert_status(LegacyLoad(Which, Group), STATUS_SUCCESS);
    Add(Text, Size, Name);
    Add(Text, Size, Group != NULL ? "=" : "");
    Add(Text, Size, Group != NULL ? Group : "");
}

static VOID
RandomMini(ULONG Which, BOOLEAN Ladder, char *Text, size_t Size)
{
    const char Name[] = { ' ', (char)('a' + Which), '=', 0 };
    char *Altitude = Random[Which].Altitude;
    /* different for each: anywhere between the legacy filters, or each above those before it */
    ULONG Value = 20000 + (Ladder ? Which * 10 + Pick(10) : Pick(40)) * 10000 + Which;

    for (ULONG i = 6; i-- > 0; Value /= 10) {
        Altitude[i] = (char)('0' + Value % 10);
    }
    Altitude[6] = 0;
    Random[Which].Does = (MINI_DOES)Pick(DoesCount);
    OnPre[Which] = RandomPre;
    OnPost[Which] = RandomPost;
    MiniLoad(Which, Altitude);
    Add(Text, Size, Name);
    Add(Text, Size, Altitude);
}

void
stack_below(uint64_t seed)
{
    Seed(seed);
    if (Pick(2) == 0) {
        Legacies[FILTERS - 1].Style = (LEGACY_STYLE)Pick(LegacyStyles);
        Legacies[FILTERS - 1].Stays = TRUE;
        assert_status(LegacyLoad(FILTERS - 1, NULL), STATUS_SUCCESS);
    }
}

void
stack_build(uint64_t seed, char *text, size_t size)
{
    ULONG NextLegacy = 0, NextMini = 0;

    Seed(seed);
    text[0] = 0;
    const ULONG LegacyCount = Pick(5), MiniCount = Pick(5);
    const BOOLEAN Ladder = Pick(3) == 0;       /* as many frames as there can be */
    while (NextLegacy < LegacyCount || NextMini < MiniCount) {
        const BOOLEAN Turn = Ladder ? NextLegacy < NextMini : Pick(2) == 0;
        if (NextMini == MiniCount || (NextLegacy < LegacyCount && Turn)) {
            RandomLegacy(NextLegacy++, Ladder, text, size);
        } else {
            RandomMini(NextMini++, Ladder, text, size);
        }
    }
    const char Frames[] = { ' ', 'i', 'n', ' ', (char)('0' + atomic_load(&FltpGlobals.FrameCount)), 0 };
    Add(text, size, Frames);
}

void
stack_change(uint64_t seed)
{
    Seed(seed);
    const ULONG Which = Pick(4);
    if (Minis[Which].Filter != NULL) {
        const ULONG Frame = Minis[Which].Filter->Frame;
        MiniUnload(Which);
        MiniLoad(Which, Random[Which].Altitude);
        assert_int_equal(Minis[Which].Filter->Frame, Frame);
    }
}

void
stack_empty(void)
{
    StackEmpty();
}

unsigned long long
stack_calls(void)
{
    return atomic_exchange(&Calls, 0);
}

unsigned
stack_findings(void)
{
    return FindingsAll();
}
