/* SPDX-License-Identifier: MIT */
/*
 * host: the seam between the POSIX side and machine_nt.c, which starts the layers and drives FltMgr.  Neutral types; text is UTF-8;
 * results are NTSTATUS values (0 = success).
 */
#ifndef FB_HOST_HOST_H
#define FB_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/port.h"
#include "vf/vf.h"

#define HOST_STATUS_OK(status) ((int32_t)(status) >= 0)
#define HOST_STATUS_INVALID_HANDLE 0xC0000008u
#define HOST_STATUS_INVALID_PARAMETER 0xC000000Du
#define HOST_STATUS_NAME_NOT_FOUND 0xC0000034u
#define HOST_STATUS_PATH_NOT_FOUND 0xC000003Au
#define HOST_STATUS_INSUFFICIENT_RESOURCES 0xC000009Au
/* "STATUS_NO_MEMORY", or "0xC0000017" for one without a name; text holds at least 64 bytes and is returned. */
const char *host_status_text(uint32_t status, char *text, size_t size);

/* ---- life of the machine ---- */
/* Starts every layer, lowest first.  fatal: as in port_fault_install. */
uint32_t host_nt_start(void (*fatal)(const struct port_fault_info *info));
void host_nt_stop(void);

/* IRPs that drivers have held for that long; their number (io/iop.h, IopReportWaiting). */
enum host_held { HOST_HELD_NOTE, HOST_HELD_END, HOST_HELD_FINISH };
unsigned host_nt_report_waiting(unsigned seconds, enum host_held action, char *text, size_t size);
/* The file of the request that this thread's innermost dispatch routine has; false: not known. Async-signal-safe. */
bool host_nt_dispatched_name(char *name, size_t size);
/* What a driver that is gone wrote to pool that it had freed. */
void host_nt_check_freed(vf_owner *owner);
/* The number by which the verifier knows the file of this name ("\\a\\b", UTF-8) on the first volume, see vf_set_file_hook; 0: there is none. */
uint64_t host_nt_file_number(const char *name);
/* The filter manager's turn among the drivers that attach to file systems is now; again: nothing. */
void host_nt_filter_manager(void);

/* ---- volumes ---- */
struct host_nt_volume {
    unsigned number;                           /* \Device\HarddiskVolume<number>, drive C: for 1 */
    bool case_insensitive, read_only;
    int fd;                                    /* host directory (duplicated), or -1: in memory */
    uint64_t disk_bytes;                       /* not 0: a disk of that size in memory, for whichever file system driver takes it */
    uint32_t uid, gid;                         /* owner of the root of one in memory */
    const char *profile;                       /* "ntfs", "fat", …; NULL: ntfs.  An unknown one: STATUS_INVALID_PARAMETER */
};
uint32_t host_nt_volume_add(const struct host_nt_volume *volume);
void host_nt_volume_remove(unsigned number);

/* ---- services ---- */
uint32_t host_nt_service_create(const char *service);
void host_nt_service_delete(const char *service);
/* subkey is relative to the service key, "" is the key itself.  data of string types is UTF-8 (see host/inf.h). */
uint32_t host_nt_service_value(const char *service, const char *subkey, const char *name, uint32_t type, const void *data, size_t size);

/* ---- drivers ---- */
uint32_t host_nt_load(const char *service, void *entry, vf_owner *owner, void **driver);
/* Has the driver registered a filter?  Its name in name. */
bool host_nt_filter_name(void *driver, char *name, size_t size);
/* Attaches by hand: the default instance, or at another altitude (not NULL) under the name `instance` (NULL: the default one's). */
uint32_t host_nt_attach(void *driver, unsigned volume, const char *altitude, const char *instance);
/*
 * FilterUnload of the driver's filter, if it has one, then DriverUnload: asked first, as `fltmc unload` does; if it refuses, not asked but
 * told (a mandatory unload).  A filter that cannot be unloaded is taken out of the machine all the same; its driver then stays.
 */
struct host_nt_unloaded {
    bool driver_gone;                          /* DriverEntry may run again */
    bool stays;                                /* on Windows it would stay until the system shuts down */
    bool no_callback;                          /* because it registered no FilterUnloadCallback */
    bool is_below;                             /* because another driver's device is attached above its own */
    bool no_unload;                            /* because it is a legacy driver without DriverUnload */
    uint32_t refused;                          /* status with which it refused when it was asked, or 0 */
};
uint32_t host_nt_unload(void *driver, struct host_nt_unloaded *unloaded);
/* Timers, DPCs, threads whose code lies in the module. */
void host_nt_module_use(uintptr_t base, uintptr_t end, unsigned *timers, unsigned *dpcs, unsigned *threads);

/* Called once a second while FltUnregisterFilter waits; true: give up. */
void host_nt_set_wait_hook(bool (*hook)(vf_owner *owner, unsigned seconds));

/* IoBlockLegacyFsFilters is 1 from here on: legacy filters are refused.  Was that service's driver? */
uint32_t host_nt_block_legacy(void);
bool host_nt_legacy_blocked(const char *service);
void host_nt_blocked(void (*fn)(const char *driver, void *ctx), void *ctx);   /* "\FileSystem\old": each that was */

/* ---- communication ports: the user's end, as the process of `pid` (a thread of it) with these credentials ---- */
struct host_nt_port;
uint32_t host_nt_port_connect(const char *name, const void *context, uint16_t size, uint32_t pid, uint32_t uid, uint32_t gid,
                              struct host_nt_port **port);
void host_nt_port_disconnect(struct host_nt_port *port);           /* no other call on it runs */
/* The rest may be called at the same time.  milliseconds < 0: for ever.  After a hang-up they fail with STATUS_PORT_DISCONNECTED. */
uint32_t host_nt_port_send(struct host_nt_port *port, void *in, uint32_t in_size, void *out, uint32_t out_size, uint32_t *returned);
uint32_t host_nt_port_get(struct host_nt_port *port, void *buffer, uint32_t size, int milliseconds, uint32_t *returned);
uint32_t host_nt_port_reply(struct host_nt_port *port, const void *buffer, uint32_t size);
void host_nt_port_hang_up(struct host_nt_port *port);

/* ---- devices, as the process of `pid` (a thread of it) with these credentials opens and uses them ---- */
struct host_nt_open {
    const char *name;                          /* \\.\Name, \??\Name, \Device\Name; a bare Name is \\.\Name */
    uint32_t access;                           /* FILE_READ_DATA … */
    bool synchronous;                          /* one request after the other, and a file pointer */
    uint32_t pid, uid, gid;
};
struct host_nt_device;
uint32_t host_nt_device_open(const struct host_nt_open *open, struct host_nt_device **device);
/* The handle is closed (IRP_MJ_CLEANUP); IRP_MJ_CLOSE follows with the last request.  Once; no request may be entered afterwards. */
void host_nt_device_close(struct host_nt_device *device);
enum { HOST_NT_CONTROL, HOST_NT_READ, HOST_NT_WRITE };
struct host_nt_request {
    int what;
    uint32_t code;
    int64_t offset;                            /* -2: the file pointer (synchronous) */
    const void *in; uint32_t in_size;
    void *out; uint32_t out_size;              /* what the driver left in the output buffer, all of it */
    const void *out_in;                        /* what is in it before, or NULL: zeroes */
    uint64_t information;
};
/* A request is entered by the thread that closes, in its order with closing, then made by any thread, which waits until it is completed. */
void host_nt_device_enter(struct host_nt_device *device);
void host_nt_device_leave(struct host_nt_device *device);          /* it is not made after all */
uint32_t host_nt_device_request(struct host_nt_device *device, struct host_nt_request *request);
/* Cancels the pended IRP that this thread of ours (port_thread_id) waits for.  false: it waits for none now. */
bool host_nt_cancel(uint32_t thread);
/* Names that can be opened, and whose device it is. */
struct host_nt_name { const char *name, *driver; bool loaded; };   /* driver NULL: a symbolic link; loaded: no driver of the machine's own */
void host_nt_devices(void (*fn)(const struct host_nt_name *name, void *ctx), void *ctx);

/* ---- what filters did ---- */
struct host_nt_operation { const char *name; uint64_t pre, post; };
struct host_nt_filter {
    char name[128], altitude[128];
    vf_owner *owner;
    bool dead, retired;                        /* retired: unregistered */
    bool started;
    unsigned instances;
    unsigned definitions, no_automatic;        /* instances in its keys; those that are not attached automatically */
    unsigned attached;                         /* instances that ever were */
    uint32_t setup_status, attach_status;      /* last refusal of InstanceSetup; last other failure to attach; 0: none */
    unsigned operation_count;
    struct host_nt_operation operations[64];
};
/* The same of a legacy driver: instances are volumes it is attached to, pre counts calls of its dispatch routines; operation_count 0: none. */
void host_nt_legacy(void *driver, struct host_nt_filter *filter, uint64_t *completions);
/* Who is where now, as fltmc lists it: filters of both kinds, from the top; their instances, volume by volume; volumes. */
enum host_nt_listing { HOST_LIST_FILTERS, HOST_LIST_INSTANCES, HOST_LIST_VOLUMES };
struct host_nt_listed {
    char filter[128], altitude[128], instance[256], volume[256], dos[16];
    bool legacy;                               /* filter is a legacy driver: no frame, instances, instance, features */
    bool detached;                             /* the volume is being dismounted */
    unsigned frame, instances, features;
    const char *file_system;                   /* of a volume */
};
void host_nt_list(enum host_nt_listing what, void (*fn)(const struct host_nt_listed *listed, void *ctx), void *ctx);
/* Filters that are registered and those that were. */
void host_nt_filters(void (*fn)(const struct host_nt_filter *filter, void *ctx), void *ctx);

#endif
