/* SPDX-License-Identifier: MIT */
/* The Filter Manager interface of user programs (library fltlib). */
#ifndef __FLTUSER_H__
#define __FLTUSER_H__

#include <windows.h>
#include <fltUserStructures.h>

#ifdef __cplusplus
extern "C" {
#endif

HRESULT WINAPI
FilterAttach(
    _In_ LPCWSTR lpFilterName,
    _In_ LPCWSTR lpVolumeName,
    _In_opt_ LPCWSTR lpInstanceName,
    _In_opt_ DWORD dwCreatedInstanceNameLength,
    _Out_opt_ LPWSTR lpCreatedInstanceName);

HRESULT WINAPI
FilterAttachAtAltitude(
    _In_ LPCWSTR lpFilterName,
    _In_ LPCWSTR lpVolumeName,
    _In_ LPCWSTR lpAltitude,
    _In_opt_ LPCWSTR lpInstanceName,
    _In_opt_ DWORD dwCreatedInstanceNameLength,
    _Out_opt_ LPWSTR lpCreatedInstanceName);

HRESULT WINAPI
FilterClose(
    _In_ HFILTER hFilter);

HRESULT WINAPI
FilterConnectCommunicationPort(
    _In_ LPCWSTR lpPortName,
    _In_ DWORD dwOptions,
    _In_opt_ LPCVOID lpContext,
    _In_ WORD wSizeOfContext,
    _In_opt_ LPSECURITY_ATTRIBUTES lpSecurityAttributes,
    _Outptr_ HANDLE *hPort);

HRESULT WINAPI
FilterCreate(
    _In_ LPCWSTR lpFilterName,
    _Outptr_ HFILTER *hFilter);

HRESULT WINAPI
FilterDetach(
    _In_ LPCWSTR lpFilterName,
    _In_ LPCWSTR lpVolumeName,
    _In_opt_ LPCWSTR lpInstanceName);

HRESULT WINAPI
FilterFindClose(
    _In_ HANDLE hFilterFind);

HRESULT WINAPI
FilterFindFirst(
    _In_ FILTER_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned,
    _Out_ LPHANDLE lpFilterFind);

HRESULT WINAPI
FilterFindNext(
    _In_ HANDLE hFilterFind,
    _In_ FILTER_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterGetDosName(
    _In_ LPCWSTR lpVolumeName,
    _Out_ LPWSTR lpDosName,
    _In_ DWORD dwDosNameBufferSize);

HRESULT WINAPI
FilterGetInformation(
    _In_ HFILTER hFilter,
    _In_ FILTER_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterGetMessage(
    _In_ HANDLE hPort,
    _Out_ PFILTER_MESSAGE_HEADER lpMessageBuffer,
    _In_ DWORD dwMessageBufferSize,
    _Inout_opt_ LPOVERLAPPED lpOverlapped);

HRESULT WINAPI
FilterInstanceClose(
    _In_ HFILTER_INSTANCE hInstance);

HRESULT WINAPI
FilterInstanceCreate(
    _In_ LPCWSTR lpFilterName,
    _In_ LPCWSTR lpVolumeName,
    _In_opt_ LPCWSTR lpInstanceName,
    _Outptr_ HFILTER_INSTANCE *hInstance);

HRESULT WINAPI
FilterInstanceFindClose(
    _In_ HANDLE hFilterInstanceFind);

HRESULT WINAPI
FilterInstanceFindFirst(
    _In_ LPCWSTR lpFilterName,
    _In_ INSTANCE_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned,
    _Out_ LPHANDLE lpFilterInstanceFind);

HRESULT WINAPI
FilterInstanceFindNext(
    _In_ HANDLE hFilterInstanceFind,
    _In_ INSTANCE_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterInstanceGetInformation(
    _In_ HFILTER_INSTANCE hInstance,
    _In_ INSTANCE_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterLoad(
    _In_ LPCWSTR lpFilterName);

HRESULT WINAPI
FilterReplyMessage(
    _In_ HANDLE hPort,
    _In_ PFILTER_REPLY_HEADER lpReplyBuffer,
    _In_ DWORD dwReplyBufferSize);

HRESULT WINAPI
FilterSendMessage(
    _In_ HANDLE hPort,
    _In_opt_ LPVOID lpInBuffer,
    _In_ DWORD dwInBufferSize,
    _Out_opt_ LPVOID lpOutBuffer,
    _In_ DWORD dwOutBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterUnload(
    _In_ LPCWSTR lpFilterName);

HRESULT WINAPI
FilterVolumeFindClose(
    _In_ HANDLE hVolumeFind);

HRESULT WINAPI
FilterVolumeFindFirst(
    _In_ FILTER_VOLUME_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned,
    _Out_ PHANDLE lpVolumeFind);

HRESULT WINAPI
FilterVolumeFindNext(
    _In_ HANDLE hVolumeFind,
    _In_ FILTER_VOLUME_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

HRESULT WINAPI
FilterVolumeInstanceFindClose(
    _In_ HANDLE hVolumeInstanceFind);

HRESULT WINAPI
FilterVolumeInstanceFindFirst(
    _In_ LPCWSTR lpVolumeName,
    _In_ INSTANCE_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned,
    _Out_ LPHANDLE lpVolumeInstanceFind);

HRESULT WINAPI
FilterVolumeInstanceFindNext(
    _In_ HANDLE hVolumeInstanceFind,
    _In_ INSTANCE_INFORMATION_CLASS dwInformationClass,
    _Out_ LPVOID lpBuffer,
    _In_ DWORD dwBufferSize,
    _Out_ LPDWORD lpBytesReturned);

#ifdef __cplusplus
}
#endif

#endif
