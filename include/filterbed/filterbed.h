/* SPDX-License-Identifier: MIT */
/*
 * filterbed in a program of your own: a test, a fuzzer, a tool.
 *
 *   fbed_machine_create(&options, &machine, &error);
 *   fbed_volume_add_memory(machine, NULL, &volume, &error);
 *   fbed_filter_load(machine, &filter_options, &filter, &error);
 *   fbed_volume_script(volume, "write a.txt hello\nread a.txt\n", "inline", &result, &error);
 *   fbed_filter_unload(filter, &error);
 *   fbed_report(machine, FBED_REPORT_TEXT, &text);  … free(text);
 *   fbed_machine_destroy(machine);
 *
 * Routines that can fail return 0, or -1 with *error filled in (error may be NULL).  Strings that are passed in are copied; strings
 * that come out as char ** are the caller's, to be freed with free().  Objects belong to the machine and end with it.
 * Routines of one machine may be called from any thread, but not at the same time unless said.
 */
#ifndef FILTERBED_H
#define FILTERBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fbed_machine fbed_machine;
typedef struct fbed_volume fbed_volume;
typedef struct fbed_filter fbed_filter;

struct fbed_error {
    uint32_t status;                           /* NTSTATUS if a routine of the NT side failed, else 0 */
    int posix;                                 /* errno if the host failed, else 0 */
    char text[2048];                           /* one line, no newline; names the filter or file */
};

enum fbed_verify { FBED_VERIFY_OFF, FBED_VERIFY_STANDARD, FBED_VERIFY_FULL };

struct fbed_machine_options {
    size_t size;                               /* sizeof(struct fbed_machine_options) */
    enum fbed_verify verify;
    unsigned watchdog_seconds;                 /* how long an unload may wait; 0 = 5 */
    int debug_fd;                              /* DbgPrint output; -1 = stderr.  Borrowed. */
    int crash_fd;                              /* a crash record (one JSON line) goes there before the process dies; -1 = stderr, as text */
};

/*
 * The machine: one per process, and once per process, because the routines that drivers call take no machine.
 * Fails when there is or was one.  options may be NULL.  Installs handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT.
 */
int fbed_machine_create(const struct fbed_machine_options *options, fbed_machine **machine, struct fbed_error *error);
/* Unloads what is still loaded, newest first, removes the volumes.  The report is gone afterwards.  NULL is fine. */
void fbed_machine_destroy(fbed_machine *machine);

struct fbed_volume_options {
    size_t size;
    bool case_insensitive;                     /* names that differ in case only are one name, also for POSIX callers */
    bool read_only;
    const char *profile;                       /* what it is like to filters: "ntfs" (NULL), "fat", "refs", "paging-file", "no-contexts", "network" */
};
/* An empty volume in memory.  Filters attach to it as they are loaded.  options may be NULL. */
int fbed_volume_add_memory(fbed_machine *machine, const struct fbed_volume_options *options, fbed_volume **volume,
                           struct fbed_error *error);
/* The directory that fd is open on (duplicated).  Nothing outside it can be reached. */
int fbed_volume_add_directory(fbed_machine *machine, int fd, const struct fbed_volume_options *options, fbed_volume **volume,
                              struct fbed_error *error);
/* n of \Device\HarddiskVolume<n>. */
/*
 * A disk of that many bytes, zeroed, in memory; the file system drivers that are loaded are asked, newest first, whether they mount it
 * (IRP_MN_MOUNT_VOLUME).  Load the driver (fbed_filter_load, file_system) first.
 */
int fbed_volume_add_disk(fbed_machine *machine, uint64_t bytes, const struct fbed_volume_options *options, fbed_volume **volume,
                         struct fbed_error *error);
/* Dismounts it: instances are torn down, legacy filters detach.  The machine removes what is left by itself. */
void fbed_volume_remove(fbed_volume *volume);
unsigned fbed_volume_number(const fbed_volume *volume);

struct fbed_script_result {
    unsigned operations, failed;
    char message[1024];                        /* the first line that went wrong: "name:line: what" */
};
/*
 * Runs a script of file operations on the volume, through the filters, as an ordinary user-mode caller (language: filterbed(1)).
 * name stands in messages.  Output of read, list, stat goes to stdout.  -1 if a line is malformed (nothing has run then) or failed;
 * result may be NULL.
 */
int fbed_volume_script(fbed_volume *volume, const char *text, const char *name, struct fbed_script_result *result,
                       struct fbed_error *error);

struct fbed_filter_options {
    size_t size;
    const char *filter;                        /* what filterbed build takes: .vcxproj, directory, .inf, module */
    const char *inf;                           /* NULL: the one that belongs to filter */
    const char *cc, *sanitize;                 /* for building; NULL = default */
    bool debug;
    bool file_system;                          /* a legacy driver that is a file system: said so in the report */
    bool below_filter_manager;                 /* a legacy driver only: loaded before the filter manager, so that it lies below it in every
                                                * volume's stack.  Fails once a volume or another filter is there. */
};
/*
 * Builds the filter if it needs that, loads its module, writes the service key from the INF, calls DriverEntry.
 * Loading one that was unloaded before starts with fresh data.
 * A legacy driver (one that does not call FltRegisterFilter) is loaded the same way, and attaches by its own code; load it before the volumes if it
 * waits for mounts.  It needs no instances in its INF, nor an INF: its service then has the module's name.
 */
int fbed_filter_load(fbed_machine *machine, const struct fbed_filter_options *options, fbed_filter **filter, struct fbed_error *error);
/*
 * Attaches an instance by hand, as `fltmc attach` does: the default one, or with an altitude (not NULL) one there; instance is its name
 * (NULL: the default instance's).
 */
int fbed_filter_attach(fbed_filter *filter, fbed_volume *volume, const char *altitude, const char *instance, struct fbed_error *error);
/*
 * FilterUnload, then DriverUnload; the image stays mapped, late calls are named.  Every reference the driver still holds becomes a
 * finding.  A filter that refuses when it is asked is told to go (a mandatory unload); one that cannot be unloaded on Windows is detached, and its
 * driver stays.  The report says so.  Fails if the routine does not return within the watchdog's time (it is then given up).
 */
int fbed_filter_unload(fbed_filter *filter, struct fbed_error *error);
const char *fbed_filter_name(const fbed_filter *filter);

/*
 * The user's end of a filter's communication port, in this process: what FilterConnectCommunicationPort, FilterSendMessage, FilterGetMessage
 * and FilterReplyMessage do.  Messages and replies start with Windows' headers.  Routines of a port may be called from any thread at the same
 * time as each other (but for close) and as anything else; error.status is what Windows' routine would have made an HRESULT of.
 */
typedef struct fbed_port fbed_port;
struct fbed_message_header { uint32_t reply_length; uint32_t reserved; uint64_t message_id; };       /* FILTER_MESSAGE_HEADER */
struct fbed_reply_header { uint32_t status; uint32_t reserved; uint64_t message_id; };               /* FILTER_REPLY_HEADER */
/* name is the port's full name ("\\ScannerPort"); context goes to ConnectNotifyCallback. */
int fbed_port_connect(fbed_machine *machine, const char *name, const void *context, size_t context_size, fbed_port **port,
                      struct fbed_error *error);
/* Calls MessageNotifyCallback; *returned bytes of output were filled in. */
int fbed_port_send(fbed_port *port, void *input, size_t input_size, void *output, size_t output_size, size_t *returned,
                   struct fbed_error *error);
/* Waits for a message that the filter sends; milliseconds < 0: for ever (status STATUS_TIMEOUT = 0x102 when there was none). */
int fbed_port_get_message(fbed_port *port, void *buffer, size_t size, int milliseconds, size_t *returned, struct fbed_error *error);
int fbed_port_reply(fbed_port *port, const void *reply, size_t size, struct fbed_error *error);
/* Everybody who waits in one of the above, and the filter's FltSendMessage, leaves with STATUS_PORT_DISCONNECTED. */
void fbed_port_hang_up(fbed_port *port);
/* DisconnectNotifyCallback, if the filter is still there.  NULL is fine.  Before fbed_machine_destroy. */
void fbed_port_close(fbed_port *port);

/* Findings so far. */
unsigned fbed_finding_count(const fbed_machine *machine);

enum fbed_report_kind { FBED_REPORT_TEXT, FBED_REPORT_JSON };
/* What the filters did and what the verifier found, so far; JSON is described in docs/report.md. */
int fbed_report(fbed_machine *machine, enum fbed_report_kind kind, char **text);

#ifdef __cplusplus
}
#endif
#endif
