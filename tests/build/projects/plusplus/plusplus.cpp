/* SPDX-License-Identifier: MIT */
/* A driver in C++: templates, a class with a destructor, C linkage only for its entry. */
#include <fltKernel.h>
#include "parts\Counter.hpp"

namespace {

struct Guard {
    explicit Guard(Counter<LONG> &c) : counter(c) { counter.Add(1); }
    ~Guard() { counter.Add(-1); }
    Counter<LONG> &counter;
};

Counter<LONG> Calls;

} // namespace

extern "C" NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    Guard Here(Calls);
    static_assert(sizeof(L'x') == 2, "wide characters have 16 bits");
    return Calls.Get() == 1 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
