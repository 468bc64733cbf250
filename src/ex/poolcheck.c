/* SPDX-License-Identifier: MIT */
/* Access to pool headers, which are poisoned under AddressSanitizer, and the quarantine of freed blocks. */
#include "ex/poolp.h"

#include <string.h>

extern void __asan_init(void) __attribute__((weak));
extern void __asan_poison_memory_region(void const volatile *addr, size_t size) __attribute__((weak));
extern void __asan_unpoison_memory_region(void const volatile *addr, size_t size) __attribute__((weak));

#define EXP_RAW __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

BOOLEAN
ExpPoolGuarded(VOID)
{
    return vf_on() && __asan_init == NULL;
}

static inline EXP_POOL *
ExpPoolHeader(const VOID *Block)
{
    return (EXP_POOL *)((UCHAR *)Block - sizeof(EXP_POOL));
}

/* Field by field: a structure copy may become a checked memcpy. */
EXP_RAW VOID
ExpPoolReadHeader(const VOID *Block, EXP_POOL *Header)
{
    const volatile EXP_POOL *From = ExpPoolHeader(Block);
    Header->Size = From->Size;
    Header->Owner = From->Owner;
    Header->Object = From->Object;
    Header->Tag = From->Tag;
    Header->Magic = From->Magic;
}

EXP_RAW VOID
ExpPoolWriteHeader(PVOID Block, const EXP_POOL *Header)
{
    volatile EXP_POOL *To = ExpPoolHeader(Block);
    To->Size = Header->Size;
    To->Owner = Header->Owner;
    To->Object = Header->Object;
    To->Tag = Header->Tag;
    To->Magic = Header->Magic;
    if (__asan_poison_memory_region) {
        __asan_poison_memory_region((const volatile void *)To, sizeof(*To));
    }
}

EXP_RAW BOOLEAN
ExpPoolClaim(PVOID Block, ULONG Magic)
{
    return __atomic_compare_exchange_n(
        &ExpPoolHeader(Block)->Magic, &Magic, EXP_POOL_DEAD | (Magic & 0xFF), 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

BOOLEAN
ExpPoolIsFilled(const UCHAR *Bytes, UCHAR Value, SIZE_T Count)
{
    for (SIZE_T i = 0; i < Count; i++) {
        if (Bytes[i] != Value) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- quarantine: shards by address, each a ring with a bound on blocks and on bytes ---- */

#define EXP_QUARANTINE_SHARDS 16
#define EXP_QUARANTINE_BLOCKS 256
#define EXP_QUARANTINE_BYTES (512 * 1024)
#define EXP_QUARANTINE_CHECKED 256             /* bytes filled and compared at the start of a block */

typedef struct EXP_QUARANTINED {
    PVOID Raw, Block;
    SIZE_T Size;
    vf_owner *Owner;
    vf_stack Freed;
} EXP_QUARANTINED;

static struct EXP_QUARANTINE_SHARD {
    port_lock Lock;                            /* protects the ring */
    ULONG First, Count;
    SIZE_T Bytes;
    EXP_QUARANTINED Ring[EXP_QUARANTINE_BLOCKS];
} ExpQuarantine[EXP_QUARANTINE_SHARDS];

static SIZE_T
ExpQuarantineChecked(SIZE_T Size)
{
    return Size < EXP_QUARANTINE_CHECKED ? Size : EXP_QUARANTINE_CHECKED;
}

static VOID
ExpQuarantineEnd(const EXP_QUARANTINED *Entry)
{
    if (Entry->Raw == NULL) {
        return;                                /* ExpPoolQuarantineEmpty took it */
    }
    if (!ExpPoolIsFilled(Entry->Block, EXP_FILL_FREED, ExpQuarantineChecked(Entry->Size))) {
        vf_report_stack("P-04", NULL, "0xC2", Entry->Owner, NULL, Entry->Freed,
                        "pool block %p of %llu bytes was written after it was freed (the stack is the free's)", Entry->Block,
                        (unsigned long long)Entry->Size);
    }
    port_free(Entry->Raw);
}

VOID
ExpPoolQuarantine(PVOID Raw, PVOID Block, SIZE_T Size, vf_owner *Owner)
{
    struct EXP_QUARANTINE_SHARD *Shard = &ExpQuarantine[((ULONG_PTR)Block >> 5) % EXP_QUARANTINE_SHARDS];
    EXP_QUARANTINED Fresh = {.Raw = Raw, .Block = Block, .Size = Size, .Owner = Owner, .Freed = vf_stack_here(3)};
    EXP_QUARANTINED Oldest;

    memset(Block, EXP_FILL_FREED, ExpQuarantineChecked(Size));
    if (Size > EXP_QUARANTINE_BYTES / 4) {
        ExpQuarantineEnd(&Fresh);
        return;
    }
    port_lock_acquire(&Shard->Lock);
    while (Shard->Count == EXP_QUARANTINE_BLOCKS || (Shard->Count > 0 && Shard->Bytes + Size > EXP_QUARANTINE_BYTES)) {
        Oldest = Shard->Ring[Shard->First];
        Shard->First = (Shard->First + 1) % EXP_QUARANTINE_BLOCKS;
        Shard->Count--;
        Shard->Bytes -= Oldest.Size;
        port_lock_release(&Shard->Lock);
        ExpQuarantineEnd(&Oldest);
        port_lock_acquire(&Shard->Lock);
    }
    Shard->Ring[(Shard->First + Shard->Count) % EXP_QUARANTINE_BLOCKS] = Fresh;
    Shard->Count++;
    Shard->Bytes += Size;
    port_lock_release(&Shard->Lock);
}

/* Of an owner that is unloaded: nobody else has reason to write there.  NULL: of all. */
VOID
ExpPoolQuarantineEmpty(vf_owner *Owner)
{
    for (ULONG i = 0; i < EXP_QUARANTINE_SHARDS * EXP_QUARANTINE_BLOCKS; i++) {
        struct EXP_QUARANTINE_SHARD *Shard = &ExpQuarantine[i / EXP_QUARANTINE_BLOCKS];
        const ULONG Index = i % EXP_QUARANTINE_BLOCKS;
        EXP_QUARANTINED Taken = { 0 };
        port_lock_acquire(&Shard->Lock);
        EXP_QUARANTINED *Entry = &Shard->Ring[(Shard->First + Index) % EXP_QUARANTINE_BLOCKS];
        if (Index < Shard->Count && (Owner == NULL || Entry->Owner == Owner)) {
            Taken = *Entry;
            Shard->Bytes -= Entry->Size;
            Entry->Size = 0;
            Entry->Raw = NULL;
        }
        port_lock_release(&Shard->Lock);
        ExpQuarantineEnd(&Taken);
    }
}
