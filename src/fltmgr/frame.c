/* SPDX-License-Identifier: MIT */
/*
 * Frames: the places at which the filter manager is in every volume's stack.
 *
 *      frame 1   device, FLT_VOLUME   minifilters above Low of frame 1
 *      a legacy filter's device
 *      frame 0   device, FLT_VOLUME   all other minifilters
 *      the file system's device
 *
 * A frame has a device above each file system's control device and above each volume, an FLT_VOLUME for each of the latter, and a range of
 * altitudes.  To the drivers around it each of its devices is one more filter's.  A filter is in one frame, by the altitude of its default instance: the
 * highest frame whose Low is below it.  When that is the highest frame there is, and legacy filters have attached above it, and the altitude
 * is above theirs and above all that were in the frame: a new frame is made on top.  Its Low is the highest of those, for good: a
 * filter that comes back comes back to its frame.
 *
 * What a request passes it passes frame by frame: a lower frame's device is the lower device of a legacy filter.  What must be done once per
 * request of a file or volume (contexts go with the last close, conflicts with data scans, the generation of names) is done in the lowest
 * frame, which everything passes (FLT_VOLUME.Base).
 *
 * Whoever registers a filter, mounts a volume or takes a frame away has the gate, which is outside all locks.  No code of drivers runs behind it.
 */
#include "fltmgr/frame.h"

#define FLTP_FRAMES 16

typedef struct FLTP_FRAME {
    UNICODE_STRING Low;                        /* every altitude of the frame is above it; frame 0: empty */
    UNICODE_STRING High;                       /* the highest that there was */
    ULONG Filters;                             /* registered */
} FLTP_FRAME;

/* A legacy filter without a known group: where it belongs was decided when it was first seen. */
typedef struct FLTP_PLACED {
    struct FLTP_PLACED *Next;
    UNICODE_STRING Name;
    UNICODE_STRING Altitude;                   /* empty: above everything */
} FLTP_PLACED;

static _Atomic(uint32_t) FltpFrameGate;        /* 1: somebody has it; 2: and others may wait.  No lock: who has it waits for grace periods */
static FLTP_FRAME FltpFrames[FLTP_FRAMES];     /* the gate */
static FLTP_PLACED *FltpPlaced;                /* the gate */

VOID
FltpFramesHold(VOID)
{
    uint32_t Free = 0;

    if (!atomic_compare_exchange_strong(&FltpFrameGate, &Free, 1)) {
        while (atomic_exchange(&FltpFrameGate, 2) != 0) {
            port_wait(&FltpFrameGate, 2, PORT_FOREVER);
        }
    }
}

VOID
FltpFramesRelease(VOID)
{
    if (atomic_exchange(&FltpFrameGate, 0) == 2) {
        port_wake(&FltpFrameGate, 1);
    }
}

static ULONG
FltpFrameTop(VOID)
{
    return atomic_load(&FltpGlobals.FrameCount) - 1;
}

/* An empty one, that of a frame that nobody was in, is below all. */
static BOOLEAN
FltpIsAbove(PCUNICODE_STRING Altitude, PCUNICODE_STRING Other)
{
    return Other->Length == 0 || FltpAltitudeCompare(Altitude, Other) > 0;
}

/* ---- where a legacy filter belongs ---- */

/* Without a group: above the minifilters that were there before it, and above all if none was. */
static const UNICODE_STRING *
FltpPlacedAltitude(PDRIVER_OBJECT Driver)
{
    static const UNICODE_STRING Nothing;
    UNICODE_STRING Name;

    FltpLegacyName(Driver, &Name);
    for (FLTP_PLACED *Known = FltpPlaced; Known != NULL; Known = Known->Next) {
        if (RtlEqualUnicodeString(&Known->Name, &Name, TRUE)) {
            return &Known->Altitude;
        }
    }
    FLTP_PLACED *New = port_alloc_zeroed(sizeof(*New));
    if (New == NULL || !NT_SUCCESS(FltpStringCopy(&New->Name, &Name)) ||
        !NT_SUCCESS(FltpStringCopy(&New->Altitude, &FltpFrames[FltpFrameTop()].High))) {
        if (New != NULL) {
            FltpStringFree(&New->Name);
            port_free(New);
        }
        return &Nothing;
    }
    New->Next = FltpPlaced;
    FltpPlaced = New;
    return &New->Altitude;
}

static VOID
FltpPlacedForget(VOID)
{
    while (FltpPlaced != NULL) {
        FLTP_PLACED *Next = FltpPlaced->Next;
        FltpStringFree(&FltpPlaced->Name);
        FltpStringFree(&FltpPlaced->Altitude);
        port_free(FltpPlaced);
        FltpPlaced = Next;
    }
}

/* Are there legacy filters above the highest frame, and does the altitude belong above all of them?  *Low: their highest. */
static BOOLEAN
FltpFrameIsSplit(PCUNICODE_STRING Altitude, PUNICODE_STRING Low)
{
    IOP_FOREIGN List[FLTP_LEGACIES];
    const ULONG Count = IopForeignDrivers(FltpGlobals.Driver, NULL, List, RTL_NUMBER_OF(List));
    ULONG Above = 0, Under = 0;

    for (ULONG i = 0; i < Count; i++) {
        UNICODE_STRING Own;
        if (List[i].Place == 0 || List[i].Level <= FltpFrameTop()) {
            continue;
        }
        Above++;
        if (!FltpLegacyAltitude(List[i].Driver, &Own)) {
            Own = *FltpPlacedAltitude(List[i].Driver);
        }
        if (Own.Length != 0 && FltpIsAbove(Altitude, &Own)) {
            Under++;
            *Low = FltpIsAbove(&Own, Low) ? Own : *Low;
        }
    }
    IopForeignRelease(List, Count);
    return Above != 0 && Under == Above;
}

/* ---- a new frame ---- */

static BOOLEAN
FltpFrameCreate(PCUNICODE_STRING Low)
{
    const ULONG Frame = FltpFrameTop() + 1;

    if (Frame == FLTP_FRAMES || !NT_SUCCESS(FltpStringCopy(&FltpFrames[Frame].Low, Low))) {
        port_log(PORT_LOG_ERROR, "fltmgr", "no further frame: a minifilter lies below a legacy filter that it belongs above");
        return FALSE;
    }
    atomic_store(&FltpGlobals.FrameCount, Frame + 1);
    FltpFileSystemsAddFrame();
    FltpVolumesAddFrame(Frame);
    return TRUE;
}

static ULONG
FltpFrameFind(PCUNICODE_STRING Altitude)
{
    ULONG Frame = FltpFrameTop();

    while (Frame > 0 && !FltpIsAbove(Altitude, &FltpFrames[Frame].Low)) {
        Frame--;
    }
    UNICODE_STRING Low = FltpFrames[Frame].High;
    if (Frame != FltpFrameTop() || !FltpFrameIsSplit(Altitude, &Low) || !FltpIsAbove(Altitude, &FltpFrames[Frame].High)) {
        return Frame;
    }
    return FltpFrameCreate(&Low) ? Frame + 1 : Frame;
}

static VOID
FltpFrameRaise(FLTP_FRAME *Frame, PCUNICODE_STRING Altitude)
{
    UNICODE_STRING High;

    if (FltpIsAbove(Altitude, &Frame->High) && NT_SUCCESS(FltpStringCopy(&High, Altitude))) {
        FltpStringFree(&Frame->High);
        Frame->High = High;
    }
}

VOID
FltpFrameEnter(PFLT_FILTER Filter)
{
    static const UNICODE_STRING Lowest = RTL_CONSTANT_STRING(L"0");
    PCUNICODE_STRING Altitude = Filter->InstanceDefinitionCount != 0 ? &Filter->InstanceDefinitions[0].Altitude : &Lowest;

    FltpFramesHold();
    Filter->Frame = FltpFrameFind(Altitude);
    FltpFrames[Filter->Frame].Filters++;
    FltpFrameRaise(&FltpFrames[Filter->Frame], Altitude);
    FltpFramesRelease();
}

VOID
FltpFrameLeave(PFLT_FILTER Filter)
{
    FltpFramesHold();
    FltpFrames[Filter->Frame].Filters--;
    FltpFramesRelease();
}

/* ---- away with them ---- */

static VOID
FltpFrameDelete(ULONG Frame)
{
    FltpVolumesTakeFrame(Frame);
    FltpFileSystemsTakeFrame(Frame);
    atomic_store(&FltpGlobals.FrameCount, Frame);
    FltpStringFree(&FltpFrames[Frame].Low);
    FltpStringFree(&FltpFrames[Frame].High);
}

/* The highest frame: nobody is in it, nobody lies above it. */
static BOOLEAN
FltpFrameIsIdle(VOID)
{
    IOP_FOREIGN List[FLTP_LEGACIES];
    const ULONG Top = FltpFrameTop();

    if (FltpFrames[Top].Filters != 0) {
        return FALSE;
    }
    const ULONG Count = IopForeignDrivers(FltpGlobals.Driver, NULL, List, RTL_NUMBER_OF(List));
    BOOLEAN Idle = TRUE;
    for (ULONG i = 0; i < Count; i++) {
        Idle = Idle && List[i].Level <= Top;
    }
    IopForeignRelease(List, Count);
    return Idle;
}

VOID
FltpFramesTrim(VOID)
{
    FltpFramesHold();
    while (FltpFrameTop() > 0 && FltpFrameIsIdle()) {
        FltpFrameDelete(FltpFrameTop());
    }
    if (FltpFrameIsIdle()) {                   /* nobody is left who could come back */
        FltpStringFree(&FltpFrames[0].High);
        FltpPlacedForget();
    }
    FltpFramesRelease();
}

VOID
FltpFramesForget(VOID)
{
    FltpVolumesForget();
    for (ULONG i = 0; i < FLTP_FRAMES; i++) {
        FltpStringFree(&FltpFrames[i].Low);
        FltpStringFree(&FltpFrames[i].High);
        FltpFrames[i].Filters = 0;
    }
    atomic_store(&FltpGlobals.FrameCount, 1);
    FltpPlacedForget();
}
