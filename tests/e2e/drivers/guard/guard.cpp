/* SPDX-License-Identifier: MIT */
/*
 * Keeps files whose name ends in ".keep": they cannot be deleted, replaced, truncated or renamed.  C++ as drivers write it: classes with
 * constructors, templates, placement of objects in pool, virtual functions, no exceptions, no run-time type information.
 */
extern "C" {
#include <fltKernel.h>
#include <ntstrsafe.h>
}

constexpr ULONG GuardTag = 'drGu';

void *__cdecl operator new(size_t Size, POOL_TYPE Type)
{
    return ExAllocatePoolWithTag(Type, Size, GuardTag);
}

void __cdecl operator delete(void *Memory)
{
    if (Memory != nullptr) {
        ExFreePoolWithTag(Memory, GuardTag);
    }
}

void __cdecl operator delete(void *Memory, size_t)
{
    operator delete(Memory);
}

namespace guard {

template <typename T> class NonCopyable {
  protected:
    NonCopyable() = default;

  public:
    NonCopyable(const NonCopyable &) = delete;
    NonCopyable &operator=(const NonCopyable &) = delete;
};

class PushLock : NonCopyable<PushLock> {
  public:
    PushLock() { FltInitializePushLock(&m_Lock); }
    ~PushLock() { FltDeletePushLock(&m_Lock); }
    void Lock() { FltAcquirePushLockExclusive(&m_Lock); }
    void Unlock() { FltReleasePushLock(&m_Lock); }

  private:
    EX_PUSH_LOCK m_Lock;
};

template <typename L> class Locker : NonCopyable<Locker<L>> {
  public:
    explicit Locker(L &Lock) : m_Lock(Lock) { m_Lock.Lock(); }
    ~Locker() { m_Lock.Unlock(); }

  private:
    L &m_Lock;
};

class FileName : NonCopyable<FileName> {
  public:
    explicit FileName(PFLT_CALLBACK_DATA Data, FLT_FILE_NAME_OPTIONS Options = FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT)
    {
        m_Status = FltGetFileNameInformation(Data, Options, &m_Information);
        if (NT_SUCCESS(m_Status)) {
            m_Status = FltParseFileNameInformation(m_Information);
        }
    }
    ~FileName()
    {
        if (m_Information != nullptr) {
            FltReleaseFileNameInformation(m_Information);
        }
    }
    explicit operator bool() const { return NT_SUCCESS(m_Status); }
    const FLT_FILE_NAME_INFORMATION *operator->() const { return m_Information; }

  private:
    PFLT_FILE_NAME_INFORMATION m_Information = nullptr;
    NTSTATUS m_Status;
};

/* A rule decides about a name; rules are chained. */
class Rule : NonCopyable<Rule> {
  public:
    virtual ~Rule() {}
    virtual bool Protects(const FileName &Name) const = 0;
    Rule *Next = nullptr;
};

class ExtensionRule : public Rule {
  public:
    explicit ExtensionRule(PCWSTR Extension) { RtlInitUnicodeString(&m_Extension, Extension); }
    bool Protects(const FileName &Name) const override { return RtlEqualUnicodeString(&Name->Extension, &m_Extension, TRUE) != FALSE; }

  private:
    UNICODE_STRING m_Extension;
};

class ExpressionRule : public Rule {
  public:
    explicit ExpressionRule(PCWSTR Expression) { RtlInitUnicodeString(&m_Expression, Expression); }
    bool Protects(const FileName &Name) const override
    {
        UNICODE_STRING Final = Name->FinalComponent;
        return FsRtlIsNameInExpression(const_cast<PUNICODE_STRING>(&m_Expression), &Final, TRUE, nullptr) != FALSE;
    }

  private:
    UNICODE_STRING m_Expression;
};

class Guard {
  public:
    NTSTATUS Start(PDRIVER_OBJECT Driver);
    void Stop();
    bool Protects(PFLT_CALLBACK_DATA Data);
    FLT_PREOP_CALLBACK_STATUS Deny(PFLT_CALLBACK_DATA Data);
    LONG Denied() const { return m_Denied; }

  private:
    template <typename R> void Add(PCWSTR Text)
    {
        R *New = new (NonPagedPool) R(Text);
        if (New != nullptr) {
            New->Next = m_Rules;
            m_Rules = New;
        }
    }
    PFLT_FILTER m_Filter = nullptr;
    PushLock *m_Lock = nullptr;
    Rule *m_Rules = nullptr;
    LONG m_Denied = 0;
};

static Guard *g_Guard;

bool Guard::Protects(PFLT_CALLBACK_DATA Data)
{
    FileName Name(Data);
    if (!Name) {
        return false;
    }
    Locker<PushLock> Hold(*m_Lock);
    for (Rule *R = m_Rules; R != nullptr; R = R->Next) {
        if (R->Protects(Name)) {
            return true;
        }
    }
    return false;
}

FLT_PREOP_CALLBACK_STATUS Guard::Deny(PFLT_CALLBACK_DATA Data)
{
    InterlockedIncrement(&m_Denied);
    Data->IoStatus.Status = STATUS_ACCESS_DENIED;
    Data->IoStatus.Information = 0;
    return FLT_PREOP_COMPLETE;
}

} // namespace guard

using guard::g_Guard;

extern "C" {

static FLT_PREOP_CALLBACK_STATUS FLTAPI GuardPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS, PVOID *)
{
    const auto &Create = Data->Iopb->Parameters.Create;
    const ULONG Disposition = Create.Options >> 24;
    const bool Destroys = (Create.Options & FILE_DELETE_ON_CLOSE) != 0 || Disposition == FILE_SUPERSEDE || Disposition == FILE_OVERWRITE ||
                          Disposition == FILE_OVERWRITE_IF;

    return Destroys && g_Guard->Protects(Data) ? g_Guard->Deny(Data) : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI GuardPreSetInformation(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *)
{
    switch (Data->Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileDispositionInformation:
    case FileDispositionInformationEx:
    case FileRenameInformation:
    case FileRenameInformationEx:
    case FileEndOfFileInformation:
    case FileAllocationInformation:
        break;
    default:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FILE_STANDARD_INFORMATION Standard;
    if (NT_SUCCESS(FltQueryInformationFile(Objects->Instance, Objects->FileObject, &Standard, sizeof(Standard), FileStandardInformation, nullptr)) &&
        Standard.Directory) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return g_Guard->Protects(Data) ? g_Guard->Deny(Data) : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI GuardUnload(FLT_FILTER_UNLOAD_FLAGS)
{
    DbgPrint("guard: %d denied\n", g_Guard->Denied());
    g_Guard->Stop();
    delete g_Guard;
    g_Guard = nullptr;
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Callbacks[] = {
    {IRP_MJ_CREATE, 0, GuardPreCreate, nullptr},
    {IRP_MJ_SET_INFORMATION, FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, GuardPreSetInformation, nullptr},
    {IRP_MJ_OPERATION_END},
};

DRIVER_INITIALIZE DriverEntry;
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING)
{
    g_Guard = new (NonPagedPool) guard::Guard;
    if (g_Guard == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = g_Guard->Start(DriverObject);
    if (!NT_SUCCESS(Status)) {
        delete g_Guard;
    }
    return Status;
}

} // extern "C"

NTSTATUS guard::Guard::Start(PDRIVER_OBJECT Driver)
{
    FLT_REGISTRATION Registration{};
    Registration.Size = sizeof(Registration);
    Registration.Version = FLT_REGISTRATION_VERSION;
    Registration.OperationRegistration = Callbacks;
    Registration.FilterUnloadCallback = GuardUnload;

    m_Lock = new (NonPagedPool) PushLock;
    if (m_Lock == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Add<ExtensionRule>(L"keep");
    Add<ExpressionRule>(L"LOCK-*");
    NTSTATUS Status = FltRegisterFilter(Driver, &Registration, &m_Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(m_Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(m_Filter);
        }
    }
    if (!NT_SUCCESS(Status)) {
        m_Filter = nullptr;
        Stop();
    }
    return Status;
}

void guard::Guard::Stop()
{
    if (m_Filter != nullptr) {
        FltUnregisterFilter(m_Filter);
    }
    while (m_Rules != nullptr) {
        Rule *Gone = m_Rules;
        m_Rules = Gone->Next;
        delete Gone;
    }
    delete m_Lock;
}
