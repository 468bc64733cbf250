/* SPDX-License-Identifier: MIT */
/*
 * vf: the verifier's memory.  Owners (one per loaded driver), a ledger of every object a driver can leak, findings,
 * routines that were called but are not there, lock ranks, fault injection.  Seam header: neutral types.
 *
 * Counting (vf_count) is always on; recording stacks needs vf_level >= VF_STANDARD.  All functions accept a NULL owner
 * (the runtime itself) and a NULL object (nothing was recorded).
 */
#ifndef FB_VF_H
#define FB_VF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vf_level { VF_OFF, VF_STANDARD, VF_FULL };
extern _Atomic(int) vf_level_now __attribute__((visibility("hidden")));
#ifdef FILTERBED_WITHOUT_VERIFIER              /* a build that shows what --verify=off costs: nothing is asked and nothing counted */
static inline bool vf_on(void) { return false; }
#else
static inline bool vf_on(void) { return __builtin_expect(__atomic_load_n((int *)&vf_level_now, __ATOMIC_RELAXED) != 0, 0); }
#endif
void vf_set_level(enum vf_level level);        /* before the first driver is loaded */

/* ---- the checks: codes.def holds what is to be said about each ---- */
enum vf_code_level { VF_WARNING, VF_ERROR };
struct vf_code { const char *code, *rules; enum vf_code_level level; const char *title, *windows, *fix; };
const struct vf_code *vf_code_find(const char *code);      /* NULL: no such check */
const struct vf_code *vf_code_at(unsigned index);          /* 0, 1, … in the order of the table; NULL behind its end */

/* ---- kinds: what is counted, per owner ---- */
enum vf_kind {
    VF_CONTEXT_VOLUME, VF_CONTEXT_INSTANCE, VF_CONTEXT_FILE, VF_CONTEXT_STREAM, VF_CONTEXT_STREAMHANDLE,
    VF_CONTEXT_TRANSACTION, VF_CONTEXT_SECTION,
    VF_NAME_INFORMATION, VF_CALLBACK_DATA, VF_GENERIC_WORK_ITEM, VF_WORK_ITEM, VF_PORT, VF_POOL, VF_LOOKASIDE,
    VF_RESOURCE, VF_MDL, VF_IRP, VF_HANDLE, VF_OBJECT_REFERENCE, VF_FLT_REFERENCE, VF_DEVICE, VF_THREAD, VF_TIMER,
    VF_SECURITY_DESCRIPTOR, VF_OTHER, VF_KIND_COUNT
};
const char *vf_kind_name(enum vf_kind kind);   /* "stream context", … */

typedef struct vf_owner vf_owner;
vf_owner *vf_owner_create(const char *name);   /* lives until process exit */
const char *vf_owner_name(const vf_owner *owner);
void vf_owner_each(void (*fn)(vf_owner *owner, void *ctx), void *ctx);   /* newest first; without the runtime itself */

struct vf_counts { uint64_t allocated, freed, live, peak; };
void vf_count(vf_owner *owner, enum vf_kind kind, int delta);      /* +1 allocated, -1 freed */
void vf_owner_counts(const vf_owner *owner, enum vf_kind kind, struct vf_counts *out);

/* ---- what the thread is doing, for findings and for attribution ---- */
struct vf_operation {                          /* strings are borrowed while set */
    const char *operation;                     /* "IRP_MJ_CREATE" */
    const char *phase;                         /* "pre", "post", "instance setup", "context cleanup", "DriverEntry", … */
    const uint16_t *name;                      /* file name, UTF-16, may be NULL */
    uint32_t name_bytes;
    uint64_t id;                               /* operation number, 0 = none */
    vf_owner *owner;                           /* whose callback runs */
    const void *file;                          /* file object, NULL: none, or it is closed; see vf_set_file_hook */
    struct vf_operation *outer;
    struct vf_op_record *record;               /* made by the ledger on first use; zero-initialise */
};
extern __thread struct vf_operation *vf_operation_top __attribute__((tls_model("initial-exec"), visibility("hidden")));
struct vf_operation *vf_operation_current(void);
/* The fields of a pushed operation are about to change: forgets what was recorded about it. */
void vf_operation_reset(struct vf_operation *operation);

static inline void
vf_operation_enter(struct vf_operation *operation)                 /* pushes on the thread; no copy */
{
    operation->outer = vf_operation_top;
    operation->record = NULL;
    vf_operation_top = operation;
}

static inline void
vf_operation_leave(struct vf_operation *operation)
{
    vf_operation_top = operation->outer;
    if (__builtin_expect(operation->record != NULL, 0)) {
        vf_operation_reset(operation);
    }
}

/* "pre IRP_MJ_CREATE of \a\b" for the innermost operation of this thread; "" if none. */
void vf_operation_text(char *text, size_t size);

/* ---- ledger ---- */
typedef struct vf_object vf_object;
enum vf_reason {                               /* who took the reference; decides the rule that a leak breaks */
    VF_REASON_ALLOCATE, VF_REASON_GET, VF_REASON_REFERENCE, VF_REASON_OLD_CONTEXT, VF_REASON_LINK, VF_REASON_OPEN,
    VF_REASON_INTERNAL, VF_REASON_COUNT
};
/* A new live object with one reference of the given reason.  Returns NULL when the ledger is off.  detail: short literal
 * or NULL; tag: pool tag or 0.  Counts itself (vf_count +1). */
vf_object *vf_object_create(vf_owner *owner, enum vf_kind kind, const void *address, uint64_t size, uint32_t tag,
                            enum vf_reason reason, const char *routine);
void vf_object_reference(vf_object *object, enum vf_reason reason, const char *routine);
/* Drops one reference.  The record dropped: a LINK/INTERNAL one if asked by reason, else the likeliest,
 * see reference_rank in ledger.c. */
void vf_object_release(vf_object *object, enum vf_reason reason, const char *routine);
/* A reference changes hands (link reference becomes the caller's OldContext). */
void vf_object_rename_reference(vf_object *object, enum vf_reason from, enum vf_reason to, const char *routine);
/* The object is gone.  Counts vf_count -1 (also when object is NULL: pass owner and kind). */
void vf_object_destroy(vf_object *object, vf_owner *owner, enum vf_kind kind);
/* A note that a leak report prints with this object ("FltSetStreamContext failed: STATUS_NOT_SUPPORTED"). */
void vf_object_note(vf_object *object, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The object could not be set where it was meant to go; with its allocation reference that is K-10 if it leaks.  A link clears it. */
void vf_object_set_failed(vf_object *object, const char *routine, uint32_t status);
/* A call that failed in the thread's operation: named with what of this kind was allocated in the same operation and then leaks. */
void vf_call_failed(vf_owner *owner, enum vf_kind kind, const char *routine, uint32_t status);
/* A post-operation call made for draining returned: what its operation `id` took on the object at `address`, its completion context, should
 * be released by now.  Marks those references; a leak of one is K-14. */
void vf_reference_drained(vf_owner *owner, const void *address, uint64_t id);
/* Unknown address?  (double free, stale pointer): the record of a dead object with that address, if still remembered. */
bool vf_object_was(const void *address, enum vf_kind kind, vf_owner **owner);
struct vf_dead { vf_owner *owner; enum vf_kind kind; uint32_t allocated, released; };      /* vf_stack; released: contexts only */
bool vf_object_dead(const void *address, struct vf_dead *dead);    /* of any kind */

/* ---- stacks ---- */
typedef uint32_t vf_stack;                     /* interned; 0 = none */
vf_stack vf_stack_here(unsigned skip);
vf_stack vf_stack_intern(const uintptr_t *frames, unsigned count);
vf_stack vf_stack_routine(const void *routine);  /* the place where a routine begins, for what is seen after its return; NULL: 0 */
unsigned vf_stack_frames(vf_stack stack, uintptr_t *frames, unsigned max);

/* ---- findings ---- */
/* code: "K-01" …; bugcheck: what Windows would do, "0xF5/0x6D" or NULL; rule: "D-01".  Never returns an error, never stops
 * unless the policy says so.  The same code from the same stack is counted, not repeated. */
void vf_report(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, const void *object,
               const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void vf_report_stack(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, vf_object *object, vf_stack stack,
                     const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* Another place that belongs to a finding: "last release", "cleanup callback" …; what: literal. */
#define VF_RELATED 3
struct vf_related { const char *what; vf_stack stack; };
struct vf_evidence {
    const void *object;
    const char *kind;
    vf_stack stack;                            /* of the call at fault; 0: here */
    vf_stack acquire;                          /* where the object came from */
    struct vf_related related[VF_RELATED];
    bool fault;                                /* stack[0] is the instruction itself; the driver's call was abandoned */
    bool routine;                              /* the stack is of vf_stack_routine; the text says what was wrong, and has no addresses */
};
void vf_evidence_of(vf_object *object, struct vf_evidence *evidence);      /* object, kind, acquire; NULL is fine */
/* The way to the call that linked it, the newest; 0: none is known. */
vf_stack vf_object_link_stack(vf_object *object);
/* The same for what lives at an address; with no record, the address alone. */
void vf_evidence_at(vf_owner *owner, const void *address, struct vf_evidence *evidence);
void vf_report_evidence(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, const struct vf_evidence *evidence,
                        const char *fmt, ...) __attribute__((format(printf, 6, 7)));
unsigned vf_finding_count(void);
/* Every reference of `owner` that is still held becomes a K-01 finding, naming acquirer, operation, rule. Called at unload. */
unsigned vf_report_leaks(vf_owner *owner);
/* What an unload would wait for: calls fn per live reference.  Returns the number. */
struct vf_reference_view {
    enum vf_kind kind; const void *address; uint64_t size; uint32_t tag;
    const char *routine, *operation, *phase; char name[256]; uint64_t operation_id; uint32_t thread;
    enum vf_reason reason; vf_stack stack, allocation; const char *note; bool drained;
    const char *failed_routine; uint32_t failed_status; vf_stack failed;   /* vf_object_set_failed; NULL: none */
};
unsigned vf_owner_references(vf_owner *owner, void (*fn)(const struct vf_reference_view *ref, void *ctx), void *ctx);

/* Says which file an operation's file object is of, by whatever name it was opened: a number, 0 if it is not known. */
void vf_set_file_hook(uint64_t (*hook)(const void *file));
/* The same for the objects one of whose references was taken for a file of this name ("\\a\\b", case ignored), or for this file. */
unsigned vf_owner_references_named(vf_owner *owner, const char *name, uint64_t file, void (*fn)(const struct vf_reference_view *ref, void *ctx), void *ctx);
/* Where an owner's objects come from.  Takes no lock. */
struct vf_site_view { enum vf_kind kind; uint32_t tag; vf_stack stack; struct vf_counts counts; };
void vf_owner_sites(vf_owner *owner, void (*fn)(const struct vf_site_view *site, void *ctx), void *ctx);

struct vf_finding {
    const char *code, *rule, *bugcheck, *owner, *text; const void *object; const char *kind;
    uint32_t thread; char operation[320]; vf_stack stack, acquire; uint64_t count;
    struct vf_related related[VF_RELATED];
    bool fault;
};
/* Called once for each new finding, outside the verifier's locks: live output, stop policy. */
void vf_set_finding_hook(void (*fn)(const struct vf_finding *finding, void *ctx), void *ctx);
void vf_findings(void (*fn)(const struct vf_finding *finding, void *ctx), void *ctx);

/* ---- routines that are declared but not there ---- */
void vf_unimplemented(const char *routine, uintptr_t caller);
#define VF_UNIMPLEMENTED() vf_unimplemented(__func__, (uintptr_t)__builtin_return_address(0))
void vf_unimplemented_each(void (*fn)(const char *routine, uintptr_t caller, uint64_t count, void *ctx), void *ctx);

/* ---- lock ranks (vf/ranks.h holds the enum) ---- */
void vf_lock_acquired(const void *lock, int rank);
void vf_lock_released(const void *lock);
bool vf_lock_is_held(const void *lock);        /* by this thread; true while the verifier is off */
unsigned vf_locks_held(void);                  /* runtime locks held by this thread; must be 0 at a driver call */

/* ---- fault injection: should this allocation / call fail now? (cheap when off) ---- */
extern _Atomic(int) vf_inject_on;
bool vf_inject_slow(const char *routine, vf_owner *owner);
/* Rules: fail call number `nth` (1 = the next) of `routine` (NULL: any) by `owner` (NULL: any), and each `period`-th after it
 * (0: only once).  Returns a rule number or -1. */
int vf_inject_add(const char *routine, vf_owner *owner, uint64_t nth, uint64_t period);
void vf_inject_clear(void);
/* What happened since the rule was added: matching calls, failures made. */
bool vf_inject_result(int rule, uint64_t *calls, uint64_t *failed);
/* What `--fault` asks for: "alloc:N", "alloc:site=KEY", "status:ROUTINE=STATUS[@N]", "status:ROUTINE=STATUS@site=KEY".  Checks the text, and
 * with apply makes the rule; the text must stay.  -1: message says why.  "alloc:note", "status:note": nothing fails, places are noted. */
int vf_inject_option(const char *text, bool apply, char *message, size_t size);
/* Where a driver's calls of this routine are to go instead of `target`; NULL: there is no rule for it.  find: the runtime's routines. */
const void *vf_inject_entry(const char *routine, const void *target, const void *(*find)(const char *name));
/* What became of the rules of vf_inject_option.  stack: of the first failure. */
struct vf_inject_view { const char *text, *routine; uint64_t calls, failed; vf_stack stack; };
void vf_inject_each(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx);
/* Places that were noted; statuses: without STATUS_, NULL: an allocation.  Returns how many calls were not noted for want of room. */
struct vf_inject_site_view { const char *routine, *statuses; uint64_t key, calls; vf_stack stack; };
uint64_t vf_inject_each_site(void (*fn)(const struct vf_inject_site_view *view, void *ctx), void *ctx);
/* The table of routines that can be made to fail: 0, 1, … until NULL.  all: part of status:all. */
const char *vf_inject_row(unsigned index, const char **statuses, bool *all);
static inline bool vf_inject(const char *routine, vf_owner *owner)
{ return __builtin_expect(__atomic_load_n((int *)&vf_inject_on, __ATOMIC_RELAXED) != 0, 0) && vf_inject_slow(routine, owner); }

#endif
