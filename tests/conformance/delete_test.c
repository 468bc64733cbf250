/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* Section E: the delete routines, on all six types. */
#include "bed.h"

static void
test_conformance__E_01_E_02_delete_by_key(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = Linked(HERE, Type);   /* no reference is needed */
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        assert_int_equal(Deaths(Context), 1);        /* inside the call */
        assert_linked(HERE, Type, NULL);
        /* with another reference it dies at its release */
        Context = New(&A, Type);
        assert_status(Set(Type, KEEP, Context, NULL), STATUS_SUCCESS);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        assert_count(Context, 1);
        assert_int_equal(Deaths(Context), 0);
        FltReleaseContext(Context);
        assert_int_equal(Deaths(Context), 1);
    }
}

static void
test_conformance__E_03_old_context_takes_the_link_reference(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = Linked(HERE, Type), Old = POISON;
        assert_count(Context, 1);
        assert_status(Delete(Type, &Old), STATUS_SUCCESS);
        assert_ptr_equal(Old, Context);
        assert_count(Context, 1);
        assert_int_equal(Deaths(Context), 0);
        FltReleaseContext(Old);
        assert_int_equal(Deaths(Context), 1);
    }
}

static void
test_conformance__E_04_nothing_set(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Old = POISON;
        assert_status(Delete(Type, &Old), STATUS_NOT_FOUND);
        assert_null(Old);
        assert_status(Delete(Type, NULL), STATUS_NOT_FOUND);
    }
}

static NTSTATUS InStart[TYPES], InComplete[TYPES];

static VOID
DeleteInStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    const TARGET From = { Objects->Filter, Objects->Volume, Objects->Instance, File, Txn };

    (void)Reason;
    for (ULONG i = 0; i < TYPES && Objects->Filter == A.Filter; i++) {
        InStart[i] = DeleteOn(From, Types[i], NULL);
    }
    for (ULONG i = 0; i < TYPES && Objects->Filter == A.Filter; i++) {
        Linked(From, Types[i]);                /* set again for the second phase */
    }
}

static VOID
DeleteInComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    const TARGET From = { Objects->Filter, Objects->Volume, Objects->Instance, File, Txn };

    (void)Reason;
    for (ULONG i = 0; i < TYPES && Objects->Filter == A.Filter; i++) {
        PFLT_CONTEXT Old = POISON;
        InComplete[i] = DeleteOn(From, Types[i], &Old);
        if (NT_SUCCESS(InComplete[i])) {
            FltReleaseContext(Old);
        } else {
            assert_null(Old);
        }
    }
}

static void
test_conformance__E_06_during_teardown(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        Linked(HERE, Type);
    }
    StartHook = DeleteInStart;
    CompleteHook = DeleteInComplete;
    Detach(&A, Volume);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_status(InStart[i], STATUS_SUCCESS);
        assert_status(InComplete[i], Types[i] == FLT_VOLUME_CONTEXT ? STATUS_SUCCESS : STATUS_FLT_DELETING_OBJECT);
    }
    for (ULONG i = 0; i < LifeCount; i++) {
        assert_int_equal(Lives[i].Deaths, 1);
    }
    Fresh();
    Attach(&A, Volume);
}

/* ---- FltDeleteContext ---- */

static void
DeleteThread(void *Context)
{
    FltDeleteContext(Context);
}

static void
test_conformance__E_08_only_the_first_call_counts(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        for (ULONG i = 0; i < 50; i++) {
            LifeCount = 0;
            PFLT_CONTEXT Context = New(&A, Type);
            FltReferenceContext(Context);
            assert_status(Set(Type, KEEP, Context, NULL), STATUS_SUCCESS);
            assert_count(Context, 3);
            struct port_thread *Threads[2] = { Start(DeleteThread, Context), Start(DeleteThread, Context) };
            port_thread_join(Threads[0]);
            port_thread_join(Threads[1]);
            assert_count(Context, 2);
            FltReleaseContext(Context);
            assert_int_equal(Deaths(Context), 0);
            FltReleaseContext(Context);
            assert_int_equal(Deaths(Context), 1);
        }
    }
}

static void
test_conformance__E_09_never_set_or_replaced(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Never = New(&A, Type), Replaced = New(&A, Type), Next = New(&A, Type);
        FltDeleteContext(Never);
        assert_count(Never, 1);
        FltReleaseContext(Never);
        assert_int_equal(Deaths(Never), 1);
        assert_status(Set(Type, KEEP, Replaced, NULL), STATUS_SUCCESS);
        assert_status(Set(Type, REPLACE, Next, NULL), STATUS_SUCCESS);
        FltDeleteContext(Replaced);
        assert_count(Replaced, 1);
        assert_linked(HERE, Type, Next);       /* the newer one is not touched */
        FltReleaseContext(Replaced);
        FltReleaseContext(Next);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_conformance__E_10_contents_stay_until_the_last_release(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = Linked(HERE, Type), Got;
        memset(Context, 0x42, SIZE);
        assert_status(Get(Type, &Got), STATUS_SUCCESS);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        for (ULONG i = 0; i < SIZE; i++) {
            assert_int_equal(((PUCHAR)Got)[i], 0x42);
        }
        assert_int_equal(Deaths(Context), 0);
        FltReleaseContext(Got);
        assert_int_equal(Deaths(Context), 1);
    }
}

static void
test_conformance__E_11_the_key_is_free_at_once(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        PFLT_CONTEXT First = Linked(HERE, Type), Got;
        assert_status(Get(Type, &Got), STATUS_SUCCESS);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        PFLT_CONTEXT Second = Linked(HERE, Type);
        assert_linked(HERE, Type, Second);
        assert_count(First, 1);
        FltReleaseContext(Got);
        assert_linked(HERE, Type, Second);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

/* ---- E-12 ---- */

static _Atomic(LONG) Go, Ready, Successes, NotFounds;

static void
RaceThread(void *Argument)
{
    PFLT_CONTEXT Old = POISON;

    atomic_fetch_add(&Ready, 1);
    while (!Go) {
        port_yield();
    }
    NTSTATUS Status = Delete((FLT_CONTEXT_TYPE)(ULONG_PTR)Argument, &Old);
    if (NT_SUCCESS(Status)) {
        atomic_fetch_add(&Successes, 1);
        FltReleaseContext(Old);
    } else if (Status == STATUS_NOT_FOUND && Old == NULL) {
        atomic_fetch_add(&NotFounds, 1);
    }
}

static void
test_conformance__E_12_one_of_many_deletes_succeeds(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        for (ULONG i = 0; i < 30; i++) {
            struct port_thread *Threads[4];
            LifeCount = 0;
            PFLT_CONTEXT Context = Linked(HERE, Type);
            Go = Ready = Successes = NotFounds = 0;
            for (ULONG n = 0; n < 4; n++) {
                Threads[n] = Start(RaceThread, (PVOID)(ULONG_PTR)Type);
            }
            WaitFor(&Ready, 4);
            Go = 1;
            for (ULONG n = 0; n < 4; n++) {
                port_thread_join(Threads[n]);
            }
            assert_int_equal(Successes, 1);
            assert_int_equal(NotFounds, 3);
            assert_int_equal(Deaths(Context), 1);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(E_01_E_02_delete_by_key), R(E_03_old_context_takes_the_link_reference), R(E_04_nothing_set), R(E_06_during_teardown),
        R(E_08_only_the_first_call_counts), R(E_09_never_set_or_replaced), R(E_10_contents_stay_until_the_last_release),
        R(E_11_the_key_is_free_at_once), R(E_12_one_of_many_deletes_succeeds),
    };
    return BED_RUN(tests);
}
