/* SPDX-License-Identifier: MIT */
/*
 * Devices and communication ports of the drivers in a running filterbed, for programs outside of it: what CreateFile,
 * DeviceIoControl, ReadFile, WriteFile and CloseHandle, FilterConnectCommunicationPort, FilterSendMessage, FilterGetMessage and
 * FilterReplyMessage are on Windows.
 *
 *   fbc_device *device;
 *   struct fbc_error error;
 *   if (fbc_open(NULL, "\\\\.\\Control", &device, &error) != 0) { fprintf(stderr, "%s\n", error.text); … }
 *   fbc_ioctl(device, IOCTL_MY_QUERY, in, sizeof in, out, sizeof out, &returned, &error);
 *   fbc_close(device);
 *
 * Link with -lfilterbed-client (pkg-config filterbed-client). Only a program of the user who started `filterbed run` may connect.
 *
 * Routines that can fail return 0, or -1 with *error filled in (error may be NULL; errno is set as error.posix too). Strings and
 * buffers stay the caller's and are not used after the return. Any number of devices and ports may be open. Routines of one device
 * or port may be called from any thread at the same time; a close ends it for new calls only, those under way return by
 * themselves. Nothing is kept across fork(): open in the process that uses it.
 */
#ifndef FILTERBED_CLIENT_H
#define FILTERBED_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef FBC_API
#define FBC_API __attribute__((visibility("default")))
#endif

/* The largest input and output of one call, together. */
#define FBC_MAX_DATA ((size_t)64 << 20)

struct fbc_error {
    uint32_t status; /* NTSTATUS of the driver or the I/O manager; also set by a success that is not 0; 0 if the connection failed */
    int posix;       /* errno that comes nearest to it; ETIMEDOUT: the time was over */
    char text[1024]; /* one line, no newline */
};

enum fbc_access { FBC_READ = 1, FBC_WRITE = 2 }; /* FILE_READ_DATA, FILE_WRITE_DATA */

struct fbc_options {
    size_t size;        /* sizeof(struct fbc_options) */
    const char *socket; /* of filterbed run --socket; NULL: by run */
    long run;           /* process id of filterbed run; 0: $FILTERBED_SOCKET (set for the command of a run), else the only run of this user */
    unsigned access;    /* of fbc_access; 0: to neither (FILE_READ_ATTRIBUTES) */
    bool synchronous;   /* the file object does one request after the other and has a file pointer (FILE_SYNCHRONOUS_IO_NONALERT) */
    int timeout_ms;     /* of each call; 0 or less: none */
};

/* Defaults: the run that $FILTERBED_SOCKET names or the only one, FBC_READ | FBC_WRITE, not synchronous, no timeout. */
FBC_API void fbc_options_init(struct fbc_options *options);

typedef struct fbc_device fbc_device;

/*
 * Opens a device (IRP_MJ_CREATE). name: "\\.\Name", "\??\Name", "\Device\Name"; a name without a backslash in front is "\\.\name".
 * What follows a device's own name goes to its driver. options: NULL for the defaults. *device: to be closed with fbc_close.
 * A name that is not there: STATUS_OBJECT_NAME_NOT_FOUND (ENOENT), and error->text lists names that are near.
 */
FBC_API int fbc_open(const struct fbc_options *options, const char *name, fbc_device **device, struct fbc_error *error);

/*
 * IRP_MJ_DEVICE_CONTROL. out: what it holds is the driver's input too where the code's method is not METHOD_BUFFERED, and comes
 * back whole then; else *returned bytes of it are filled in. in, out, returned may be NULL (in and out with size 0).
 * With a warning (STATUS_BUFFER_OVERFLOW) the result is -1, and out and *returned are filled in all the same.
 */
FBC_API int fbc_ioctl(fbc_device *device, uint32_t code, const void *in, size_t in_size, void *out, size_t out_size, size_t *returned,
                      struct fbc_error *error);

/* Offsets; FBC_CURRENT: the file pointer (synchronous). */
#define FBC_CURRENT ((int64_t)-2)
/* IRP_MJ_READ, IRP_MJ_WRITE. *done (may be NULL): bytes. */
FBC_API int fbc_read(fbc_device *device, int64_t offset, void *buffer, size_t size, size_t *done, struct fbc_error *error);
FBC_API int fbc_write(fbc_device *device, int64_t offset, const void *buffer, size_t size, size_t *done, struct fbc_error *error);

/* Another limit for each later call; one that is over cancels the request (IoCancelIrp), waits a second for it, and gives it up. */
FBC_API void fbc_set_timeout(fbc_device *device, int milliseconds);

/* IRP_MJ_CLEANUP before it returns; IRP_MJ_CLOSE when the last request is completed. NULL is fine. */
FBC_API void fbc_close(fbc_device *device);

/* ---- communication ports ---- */

typedef struct fbc_port fbc_port;
struct fbc_message_header { uint32_t reply_length; uint32_t reserved; uint64_t message_id; }; /* FILTER_MESSAGE_HEADER */
struct fbc_reply_header { uint32_t status; uint32_t reserved; uint64_t message_id; };         /* FILTER_REPLY_HEADER */

/* name: the port's ("\\ScannerPort"). context, at most 65535 bytes, goes to ConnectNotifyCallback. options: socket, run, timeout_ms. */
FBC_API int fbc_port_connect(const struct fbc_options *options, const char *name, const void *context, size_t context_size,
                             fbc_port **port, struct fbc_error *error);
/* Calls MessageNotifyCallback; *returned bytes of out were filled in. */
FBC_API int fbc_port_send(fbc_port *port, const void *in, size_t in_size, void *out, size_t out_size, size_t *returned,
                          struct fbc_error *error);
/* Waits for a message, header in front; milliseconds < 0: for ever. STATUS_TIMEOUT (ETIMEDOUT): there was none. */
FBC_API int fbc_port_get(fbc_port *port, void *buffer, size_t size, int milliseconds, size_t *returned, struct fbc_error *error);
/* reply: fbc_reply_header in front. */
FBC_API int fbc_port_reply(fbc_port *port, const void *reply, size_t size, struct fbc_error *error);
/* Disconnects; calls under way fail with STATUS_PORT_DISCONNECTED. NULL is fine. */
FBC_API void fbc_port_close(fbc_port *port);

#ifdef __cplusplus
}
#endif
#endif
