/* SPDX-License-Identifier: MIT */
/*
 * RtlString{Cb,Cch}* for one character width; included by strsafe_a.c and strsafe_w.c, which define
 *
 *   SAFE_CHAR   the character             SAFE(Unit, Name)   RtlString<Unit><Name><A|W>
 *   SAFE_FORMAT the formatter
 *
 * The Cch routines are the core; Cb ones convert sizes.  Windows: ntstrsafe.h, RtlStringCchCopy and the others.  Differences: they are routines of
 * the library, not inline code.
 *
 * Rules: a size of 0 or above STRSAFE_MAX_CCH is STATUS_INVALID_PARAMETER; what does not fit is cut, terminated, and gives STATUS_BUFFER_OVERFLOW.
 */
#include <ntifs.h>
#include <ntstrsafe.h>

#include <string.h>

#include "rtl/rtlp.h"

typedef struct SAFE_TARGET {
    RTLP_SINK Sink;
    SAFE_CHAR *Start;
    size_t Size;                               /* characters, terminator included */
    size_t Used;
    BOOLEAN Cut;
} SAFE_TARGET;

static NTSTATUS
SafeOpen(SAFE_TARGET *Target, SAFE_CHAR *Start, size_t Size, BOOLEAN Append)
{
    memset(Target, 0, sizeof(*Target));
    Target->Start = Start;
    Target->Size = Size;
    if (Size == 0 || Size > STRSAFE_MAX_CCH) {
        return STATUS_INVALID_PARAMETER;
    }
    while (Append && Target->Used < Size && Start[Target->Used] != 0) {
        Target->Used++;
    }
    return Target->Used == Size ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static VOID
SafePut(RTLP_SINK *Sink, WCHAR Character)
{
    SAFE_TARGET *Target = (SAFE_TARGET *)Sink;

    if (Target->Used + 1 < Target->Size) {
        Target->Start[Target->Used++] = (SAFE_CHAR)Character;
    } else {
        Target->Cut = TRUE;
    }
}

static NTSTATUS
SafeClose(SAFE_TARGET *Target)
{
    Target->Start[Target->Used] = 0;
    return Target->Cut ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* What the Ex forms add: fill patterns, the remaining room, behaviour on failure. */
static NTSTATUS
SafeFinish(SAFE_TARGET *Target, NTSTATUS Status, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags)
{
    UCHAR Pattern = (UCHAR)STRSAFE_GET_FILL_PATTERN(Flags);
    BOOLEAN Usable = Target->Start != NULL && Target->Size != 0 && Target->Size <= STRSAFE_MAX_CCH;

    if (NT_SUCCESS(Status)) {
        if ((Flags & STRSAFE_FILL_BEHIND_NULL) != 0) {
            memset(Target->Start + Target->Used + 1, Pattern, (Target->Size - Target->Used - 1) * sizeof(SAFE_CHAR));
        }
    } else if (Usable && (Flags & STRSAFE_FILL_ON_FAILURE) != 0) {
        memset(Target->Start, Pattern, Target->Size * sizeof(SAFE_CHAR));
        Target->Used = Pattern == 0 ? 0 : Target->Size - 1;
        Target->Start[Target->Used] = 0;
    } else if (Usable && (Flags & (STRSAFE_NULL_ON_FAILURE | STRSAFE_NO_TRUNCATION)) != 0) {
        Target->Used = 0;
        Target->Start[0] = 0;
    }
    if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
        if (End != NULL) {
            *End = Target->Start + Target->Used;
        }
        if (Remaining != NULL) {
            *Remaining = Target->Size - Target->Used;
        }
    }
    return Status;
}

static NTSTATUS
SafeText(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, size_t Limit, BOOLEAN Append, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags)
{
    SAFE_TARGET Target;
    NTSTATUS Status = SafeOpen(&Target, Dest, Size, Append);

    if (NT_SUCCESS(Status) && Source == NULL && (Flags & STRSAFE_IGNORE_NULLS) == 0) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(Status)) {
        for (size_t i = 0; Source != NULL && i < Limit && Source[i] != 0 && !Target.Cut; i++) {
            SafePut(&Target.Sink, (WCHAR)Source[i]);
        }
        Status = SafeClose(&Target);
    }
    return SafeFinish(&Target, Status, End, Remaining, Flags);
}

static NTSTATUS
SafeFormat(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Format, va_list Arguments, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags)
{
    SAFE_TARGET Target;
    NTSTATUS Status = SafeOpen(&Target, Dest, Size, FALSE);

    Target.Sink.Put = SafePut;
    if (NT_SUCCESS(Status)) {
        SAFE_FORMAT(&Target.Sink, Format, Arguments);
        Status = SafeClose(&Target);
    }
    return SafeFinish(&Target, Status, End, Remaining, Flags);
}

static NTSTATUS
SafeLength(const SAFE_CHAR *Text, size_t Max, size_t *Length)
{
    size_t n = 0;

    if (Text == NULL || Max > STRSAFE_MAX_CCH) {
        n = Max;
    }
    while (n < Max && Text[n] != 0) {
        n++;
    }
    if (Length != NULL) {
        *Length = n == Max ? 0 : n;
    }
    return n == Max ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

#define SAFE_VARIADIC(Call)            \
    va_list Arguments;                 \
    va_start(Arguments, pszFormat);    \
    NTSTATUS Status = Call;            \
    va_end(Arguments);                 \
    return Status

/* Scale: bytes per unit of the sizes.  Remaining comes back in units. */
#define SAFE_ROUTINES(Unit, Scale)                                                                                                       \
    NTSTATUS SAFE(Unit, Copy)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source)                                                     \
    {                                                                                                                                    \
        return SafeText(Dest, Size / (Scale), Source, STRSAFE_MAX_CCH, FALSE, NULL, NULL, 0);                                            \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CopyN)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, size_t Count)                                      \
    {                                                                                                                                    \
        return SafeText(Dest, Size / (Scale), Source, Count / (Scale), FALSE, NULL, NULL, 0);                                            \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CopyEx)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags) \
    {                                                                                                                                    \
        NTSTATUS Status = SafeText(Dest, Size / (Scale), Source, STRSAFE_MAX_CCH, FALSE, End, Remaining, Flags);                         \
        return SafeScale(Status, Remaining, Size, (Scale));                                                                              \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CopyNEx)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, size_t Count, SAFE_CHAR **End, size_t *Remaining, \
                                 STRSAFE_DWORD Flags)                                                                                    \
    {                                                                                                                                    \
        NTSTATUS Status = SafeText(Dest, Size / (Scale), Source, Count / (Scale), FALSE, End, Remaining, Flags);                         \
        return SafeScale(Status, Remaining, Size, (Scale));                                                                              \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, Cat)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source)                                                      \
    {                                                                                                                                    \
        return SafeText(Dest, Size / (Scale), Source, STRSAFE_MAX_CCH, TRUE, NULL, NULL, 0);                                             \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CatN)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, size_t Count)                                       \
    {                                                                                                                                    \
        return SafeText(Dest, Size / (Scale), Source, Count / (Scale), TRUE, NULL, NULL, 0);                                             \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CatEx)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags) \
    {                                                                                                                                    \
        NTSTATUS Status = SafeText(Dest, Size / (Scale), Source, STRSAFE_MAX_CCH, TRUE, End, Remaining, Flags);                          \
        return SafeScale(Status, Remaining, Size, (Scale));                                                                              \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, CatNEx)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *Source, size_t Count, SAFE_CHAR **End, size_t *Remaining, \
                                STRSAFE_DWORD Flags)                                                                                     \
    {                                                                                                                                    \
        NTSTATUS Status = SafeText(Dest, Size / (Scale), Source, Count / (Scale), TRUE, End, Remaining, Flags);                          \
        return SafeScale(Status, Remaining, Size, (Scale));                                                                              \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, VPrintf)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *pszFormat, va_list Arguments)                            \
    {                                                                                                                                    \
        return SafeFormat(Dest, Size / (Scale), pszFormat, Arguments, NULL, NULL, 0);                                                    \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, VPrintfEx)(SAFE_CHAR *Dest, size_t Size, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags,                \
                                   const SAFE_CHAR *pszFormat, va_list Arguments)                                                        \
    {                                                                                                                                    \
        NTSTATUS Status = SafeFormat(Dest, Size / (Scale), pszFormat, Arguments, End, Remaining, Flags);                                 \
        return SafeScale(Status, Remaining, Size, (Scale));                                                                              \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, Printf)(SAFE_CHAR *Dest, size_t Size, const SAFE_CHAR *pszFormat, ...)                                           \
    {                                                                                                                                    \
        SAFE_VARIADIC(SAFE(Unit, VPrintf)(Dest, Size, pszFormat, Arguments));                                                            \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, PrintfEx)(SAFE_CHAR *Dest, size_t Size, SAFE_CHAR **End, size_t *Remaining, STRSAFE_DWORD Flags,                 \
                                  const SAFE_CHAR *pszFormat, ...)                                                                       \
    {                                                                                                                                    \
        SAFE_VARIADIC(SAFE(Unit, VPrintfEx)(Dest, Size, End, Remaining, Flags, pszFormat, Arguments));                                   \
    }                                                                                                                                    \
    NTSTATUS SAFE(Unit, Length)(const SAFE_CHAR *Text, size_t Max, size_t *Length)                                                       \
    {                                                                                                                                    \
        NTSTATUS Status = SafeLength(Text, Max / (Scale), Length);                                                                       \
        if (Length != NULL) {                                                                                                            \
            *Length *= (Scale);                                                                                                          \
        }                                                                                                                                \
        return Status;                                                                                                                   \
    }

/* Remaining characters to bytes, with the odd byte of the size. */
static NTSTATUS
SafeScale(NTSTATUS Status, size_t *Remaining, size_t Size, size_t Scale)
{
    if (Remaining != NULL && (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW)) {
        *Remaining = *Remaining * Scale + Size % Scale;
    }
    return Status;
}

SAFE_ROUTINES(Cch, 1)
SAFE_ROUTINES(Cb, sizeof(SAFE_CHAR))
