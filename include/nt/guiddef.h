/* SPDX-License-Identifier: MIT */
/* GUIDs.  DEFINE_GUID declares one, or defines it after initguid.h was included. */
#ifndef GUID_DEFINED
#define GUID_DEFINED

typedef struct _GUID {
    unsigned int Data1;
    unsigned short Data2;
    unsigned short Data3;
    unsigned char Data4[8];
} GUID;

#endif /* GUID_DEFINED */

#ifndef FAR
#define FAR
#endif

#ifndef _GUIDDEF_H_
#define _GUIDDEF_H_

#ifndef __LPGUID_DEFINED__
#define __LPGUID_DEFINED__
typedef GUID *LPGUID;
#endif
#ifndef __LPCGUID_DEFINED__
#define __LPCGUID_DEFINED__
typedef const GUID *LPCGUID;
#endif
#ifndef __IID_DEFINED__
#define __IID_DEFINED__
typedef GUID IID;
typedef GUID CLSID;
typedef GUID FMTID;
typedef IID *LPIID;
typedef CLSID *LPCLSID;
typedef FMTID *LPFMTID;
#define IID_NULL GUID_NULL
#define CLSID_NULL GUID_NULL
#endif

#ifdef __cplusplus
typedef const GUID &REFGUID;
typedef const IID &REFIID;
typedef const CLSID &REFCLSID;

inline int
InlineIsEqualGUID(REFGUID Left, REFGUID Right)
{
    return __builtin_memcmp(&Left, &Right, sizeof(GUID)) == 0;
}
#define IsEqualGUID(Left, Right) (__builtin_memcmp(&(Left), &(Right), sizeof(GUID)) == 0)

inline bool
operator==(REFGUID Left, REFGUID Right)
{
    return __builtin_memcmp(&Left, &Right, sizeof(GUID)) == 0;
}

inline bool
operator!=(REFGUID Left, REFGUID Right)
{
    return !(Left == Right);
}
#else
typedef const GUID *REFGUID;
typedef const IID *REFIID;
typedef const CLSID *REFCLSID;
#define InlineIsEqualGUID(Left, Right) (__builtin_memcmp((Left), (Right), sizeof(GUID)) == 0)
#define IsEqualGUID(Left, Right) (__builtin_memcmp((Left), (Right), sizeof(GUID)) == 0)
#endif

#define IsEqualIID(Left, Right) IsEqualGUID(Left, Right)
#define IsEqualCLSID(Left, Right) IsEqualGUID(Left, Right)

#endif /* _GUIDDEF_H_ */

#undef DEFINE_GUID
#ifdef INITGUID
#if defined(_MSC_VER)
#define _NT_GUID_STORAGE_ __declspec(selectany)
#else
#define _NT_GUID_STORAGE_ __attribute__((__weak__))
#endif
#ifdef __cplusplus
#define DEFINE_GUID(Name, A, B, C, D1, D2, D3, D4, D5, D6, D7, D8) \
    extern "C" _NT_GUID_STORAGE_ const GUID Name = {A, B, C, {D1, D2, D3, D4, D5, D6, D7, D8}}
#else
#define DEFINE_GUID(Name, A, B, C, D1, D2, D3, D4, D5, D6, D7, D8) \
    _NT_GUID_STORAGE_ const GUID Name = {A, B, C, {D1, D2, D3, D4, D5, D6, D7, D8}}
#endif
#else
#ifdef __cplusplus
#define DEFINE_GUID(Name, A, B, C, D1, D2, D3, D4, D5, D6, D7, D8) extern "C" const GUID Name
#else
#define DEFINE_GUID(Name, A, B, C, D1, D2, D3, D4, D5, D6, D7, D8) extern const GUID Name
#endif
#endif
