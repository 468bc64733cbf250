/* SPDX-License-Identifier: MIT */
/* filterbed ioctl: one IRP_MJ_DEVICE_CONTROL to a device of a run, or the list of them. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "filterbed/client.h"
#include "host/live.h"

static const char help[] =
    "usage: filterbed ioctl [options] DEVICE CODE\n"
    "       filterbed ioctl --list [--json] [--run PID | --socket PATH]\n"
    "\n"
    "Opens a device of a driver in a running filterbed, as CreateFile does, sends it IRP_MJ_DEVICE_CONTROL and closes it.\n"
    "DEVICE is \\\\.\\Name, \\??\\Name or \\Device\\Name; a bare Name is \\\\.\\Name. CODE is a number, or TYPE,FUNCTION,METHOD,ACCESS as\n"
    "in CTL_CODE: numbers, or FILE_DEVICE_UNKNOWN, METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT, METHOD_NEITHER,\n"
    "FILE_ANY_ACCESS, FILE_READ_ACCESS, FILE_WRITE_ACCESS, joined by | or +.\n"
    "\n"
    "      --in FILE        the input buffer (- is standard input)\n"
    "      --in-hex HEX     the same, in hexadecimal\n"
    "      --in-text TEXT   the same, as UTF-8 without a terminator\n"
    "      --out-size N     length of the output buffer in bytes (0)\n"
    "      --buffer FILE    what the output buffer holds before (METHOD_IN_DIRECT, METHOD_OUT_DIRECT, METHOD_NEITHER)\n"
    "      --out FILE       where the output goes (- or nothing: standard output, a terminal gets a dump)\n"
    "      --access WHAT    open for read, write, both (default) or none\n"
    "      --timeout S      cancel the request after so many seconds\n"
    "      --json           tell the result as JSON, output in hexadecimal\n"
    "      --list           which names can be opened\n"
    "      --run PID        the filterbed run (default: $FILTERBED_SOCKET, else the only one)\n"
    "      --socket PATH    that of filterbed run --socket\n"
    "  -h, --help           show this\n"
    "\n"
    "Exit status: 0 the request succeeded, 1 it did not (the status is said), 2 usage, 3 no run or it does not answer,\n"
    "4 the device could not be opened, 5 the time was over.\n";

enum { IOCTL_EXIT_NO_RUN = 3, IOCTL_EXIT_NO_DEVICE = 4, IOCTL_EXIT_TIMEOUT = 5 };

struct request {
    struct fbc_options client;
    const char *device, *out;
    uint32_t code;
    unsigned char *in, *buffer;
    size_t in_size, buffer_size, out_size;
    bool has_in, json, list;
};

static int
complain(const char *what, const char *more)
{
    fprintf(stderr, "filterbed ioctl: %s%s\n", what, more);
    return -1;
}

/* ---- arguments ---- */

static const struct {
    const char *name;
    uint32_t value;
} words[] = {{"METHOD_BUFFERED", 0},    {"METHOD_IN_DIRECT", 1},  {"METHOD_OUT_DIRECT", 2},        {"METHOD_NEITHER", 3},
             {"FILE_ANY_ACCESS", 0},    {"FILE_READ_ACCESS", 1},  {"FILE_WRITE_ACCESS", 2},        {"FILE_READ_DATA", 1},
             {"FILE_WRITE_DATA", 2},    {"FILE_SPECIAL_ACCESS", 0}, {"FILE_DEVICE_UNKNOWN", 0x22}, {"FILE_DEVICE_DISK", 7},
             {"FILE_DEVICE_FILE_SYSTEM", 9}, {"FILE_DEVICE_DISK_FILE_SYSTEM", 8}};

static bool
one_number(const char *text, size_t n, uint32_t *value)
{
    char copy[64], *end;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].name) == n && memcmp(words[i].name, text, n) == 0) {
            *value = words[i].value;
            return true;
        }
    }
    if (n == 0 || n >= sizeof copy || !isdigit((unsigned char)*text)) {
        return false;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    errno = 0;
    const unsigned long long v = strtoull(copy, &end, 0);
    *value = (uint32_t)v;
    return errno == 0 && *end == '\0' && v <= UINT32_MAX;
}

/* Numbers joined by | or +. */
static bool
sum(const char *text, size_t n, uint32_t *value)
{
    *value = 0;
    for (;;) {
        size_t part = 0;
        uint32_t v;
        while (part < n && text[part] != '|' && text[part] != '+') {
            part++;
        }
        if (!one_number(text, part, &v)) {
            return false;
        }
        *value |= v;
        if (part == n) {
            return true;
        }
        text += part + 1;
        n -= part + 1;
    }
}

static int
take_code(const char *text, uint32_t *code)
{
    static const uint32_t limits[4] = {0xffff, 0xfff, 3, 3};
    uint32_t parts[4];
    const char *inner = text;
    char copy[256];
    size_t n = strlen(text);
    unsigned count = 0;
    if (strncmp(text, "CTL_CODE(", 9) == 0 && text[n - 1] == ')') {
        inner += 9;
        n -= 10;
    }
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof copy - 1; i++) {
        if (inner[i] != ' ') {
            copy[used++] = inner[i];
        }
    }
    copy[used] = '\0';
    if (strchr(copy, ',') == NULL) {
        return sum(copy, used, code) ? 0 : complain("CODE is no number and not TYPE,FUNCTION,METHOD,ACCESS: ", text);
    }
    for (const char *at = copy; count < 4; count++) {
        const size_t part = strcspn(at, ",");
        if (!sum(at, part, &parts[count]) || parts[count] > limits[count] || (at[part] == ',') != (count < 3)) {
            break;
        }
        at += part + 1;
    }
    if (count != 4) {
        return complain("CODE is no number and not TYPE,FUNCTION,METHOD,ACCESS: ", text);
    }
    *code = parts[0] << 16 | parts[3] << 14 | parts[1] << 2 | parts[2];
    return 0;
}

static int
take_file(const char *path, unsigned char **data, size_t *size)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t cap = 0, n = 0, got = 1;
    unsigned char *bytes = NULL;
    while (f != NULL && got != 0 && n <= FBC_MAX_DATA) {
        if (n == cap) {
            cap = cap != 0 ? cap * 2 : 65536;
            unsigned char *more = realloc(bytes, cap);
            if (more == NULL) {
                break;
            }
            bytes = more;
        }
        got = fread(bytes + n, 1, cap - n, f);
        n += got;
    }
    const bool failed = f == NULL || ferror(f) || got != 0;
    if (f != NULL && f != stdin) {
        fclose(f);
    }
    if (failed) {
        fprintf(stderr, "filterbed ioctl: %s: %s\n", path, f == NULL || n <= FBC_MAX_DATA ? strerror(errno) : "more than 64 MiB");
        free(bytes);
        return -1;
    }
    *data = bytes;
    *size = n;
    return 0;
}

static int
take_hex(const char *text, unsigned char **data, size_t *size)
{
    unsigned char *bytes = malloc(strlen(text) / 2 + 1);
    size_t digits = 0;
    for (; bytes != NULL && *text != '\0'; text++) {
        if (*text == ' ' || *text == ':' || *text == ',') {
            continue;
        }
        const char *set = "0123456789abcdef", *found = memchr(set, tolower((unsigned char)*text), 16);
        if (found == NULL) {
            break;
        }
        const unsigned char v = (unsigned char)(found - set);
        bytes[digits / 2] = (unsigned char)(digits % 2 == 0 ? v << 4 : bytes[digits / 2] | v);
        digits++;
    }
    if (bytes == NULL || *text != '\0' || digits % 2 != 0) {
        free(bytes);
        return complain("--in-hex takes pairs of hexadecimal digits", "");
    }
    *data = bytes;
    *size = digits / 2;
    return 0;
}

static int
take_access(const char *text, unsigned *access)
{
    static const struct {
        const char *name;
        unsigned access;
    } all[] = {{"read", FBC_READ}, {"write", FBC_WRITE}, {"both", FBC_READ | FBC_WRITE}, {"none", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(text, all[i].name) == 0) {
            *access = all[i].access;
            return 0;
        }
    }
    return complain("--access is read, write, both or none, not ", text);
}

static int
take_timeout(const char *text, int *milliseconds)
{
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0 && seconds < 1e6)) {
        return complain("--timeout is a number of seconds, not ", text);
    }
    *milliseconds = seconds < 0.001 ? 1 : (int)(seconds * 1000);
    return 0;
}

static int
take_input(struct request *r, int option, const char *text)
{
    if (r->has_in) {
        return complain("one of --in, --in-hex, --in-text", "");
    }
    r->has_in = true;
    if (option == 'x') {
        return take_hex(text, &r->in, &r->in_size);
    }
    if (option == 'i') {
        return take_file(text, &r->in, &r->in_size);
    }
    r->in = (unsigned char *)strdup(text);
    r->in_size = strlen(text);
    return r->in != NULL ? 0 : complain("no memory", "");
}

static int
take_option(struct request *r, int option, const char *text)
{
    long n;
    switch (option) {
    case 'i':
    case 'x':
    case 't':
        return take_input(r, option, text);
    case 'n':
        if (!command_number(text, 0, (long)FBC_MAX_DATA, &n)) {
            return complain("--out-size is a number of bytes, at most 64 MiB, not ", text);
        }
        r->out_size = (size_t)n;
        return 0;
    case 'b':
        return take_file(text, &r->buffer, &r->buffer_size);
    case 'o':
        r->out = text;
        return 0;
    case 'a':
        return take_access(text, &r->client.access);
    case 'T':
        return take_timeout(text, &r->client.timeout_ms);
    case 'j':
        r->json = true;
        return 0;
    case 'l':
        r->list = true;
        return 0;
    case 'r':
        return command_number(text, 1, 1L << 30, &r->client.run) ? 0 : complain("--run is a process id, not ", text);
    case 's':
        r->client.socket = text;
        return 0;
    default:
        return -1;
    }
}

/* ---- results ---- */

static void
dump(const unsigned char *data, size_t size)
{
    for (size_t at = 0; at < size; at += 16) {
        printf("%08zx ", at);
        for (size_t i = 0; i < 16; i++) {
            if (at + i < size) {
                printf(" %02x", data[at + i]);
            } else {
                printf("   ");
            }
        }
        printf("  ");
        for (size_t i = at; i < at + 16 && i < size; i++) {
            putchar(isprint(data[i]) ? data[i] : '.');
        }
        putchar('\n');
    }
}

static int
put_output(const struct request *r, const unsigned char *data, size_t size)
{
    const bool standard = r->out == NULL || strcmp(r->out, "-") == 0;
    if (standard && r->out == NULL && isatty(1)) {
        dump(data, size);
        return 0;
    }
    FILE *f = standard ? stdout : fopen(r->out, "wb");
    const bool failed = f == NULL || fwrite(data, 1, size, f) != size || fflush(f) != 0;
    if (f != NULL && !standard) {
        fclose(f);
    }
    return failed ? complain("the output cannot be written: ", strerror(errno)) : 0;
}

static void
put_json(const struct request *r, const struct fbc_error *error, const unsigned char *data, size_t size, size_t information)
{
    char *hex = malloc(size * 2 + 1);
    for (size_t i = 0; hex != NULL && i < size; i++) {
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
    }
    if (hex != NULL) {
        hex[size * 2] = '\0';
    }
    json_t *name = json_string(r->device), *text = json_string(error->text);
    json_t *j = json_pack("{s:o*, s:I, s:I, s:I, s:o*, s:I, s:s*}", "device", name, "code", (json_int_t)r->code, "status",
                          (json_int_t)error->status, "errno", (json_int_t)error->posix, "text", text, "information",
                          (json_int_t)information, "output", hex);
    if (j != NULL) {
        json_dumpf(j, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(j);
    free(hex);
}

/* What of the output buffer is the driver's answer. */
static size_t
answered(const struct request *r, const struct fbc_error *error, size_t information)
{
    if (error->status >> 30 == 3 || error->posix == ETIMEDOUT || error->posix == ENODEV) {
        return 0;
    }
    return information < r->out_size ? information : r->out_size;
}

static int
send_request(const struct request *r)
{
    struct fbc_error error;
    fbc_device *device;
    size_t information = 0;
    if (fbc_open(&r->client, r->device, &device, &error) != 0) {
        if (r->json) {
            put_json(r, &error, NULL, 0, 0);
        }
        complain(error.text, "");
        return error.posix == ETIMEDOUT ? IOCTL_EXIT_TIMEOUT : error.status != 0 ? IOCTL_EXIT_NO_DEVICE : IOCTL_EXIT_NO_RUN;
    }
    unsigned char *out = calloc(1, r->out_size + 1);
    if (out != NULL && r->buffer != NULL) {
        memcpy(out, r->buffer, r->buffer_size < r->out_size ? r->buffer_size : r->out_size);
    }
    const int rc = fbc_ioctl(device, r->code, r->in, r->in_size, out, out != NULL ? r->out_size : 0, &information, &error);
    const size_t size = answered(r, &error, information);
    int status = rc == 0 ? EXIT_STATUS_OK : error.posix == ETIMEDOUT ? IOCTL_EXIT_TIMEOUT : EXIT_STATUS_FAILED;
    if (r->json) {
        put_json(r, &error, out, size, information);
    }
    if ((!r->json || r->out != NULL) && size != 0 && put_output(r, out, size) != 0) {
        status = EXIT_STATUS_FAILED;
    }
    if (rc != 0) {
        complain(error.text, "");
    }
    free(out);
    fbc_close(device);
    return status;
}

int
cmd_ioctl(int argc, char **argv)
{
    static const struct option options[] = {
        {"in", required_argument, NULL, 'i'},       {"in-hex", required_argument, NULL, 'x'}, {"in-text", required_argument, NULL, 't'},
        {"out-size", required_argument, NULL, 'n'}, {"buffer", required_argument, NULL, 'b'}, {"out", required_argument, NULL, 'o'},
        {"access", required_argument, NULL, 'a'},   {"timeout", required_argument, NULL, 'T'}, {"json", no_argument, NULL, 'j'},
        {"list", no_argument, NULL, 'l'},           {"run", required_argument, NULL, 'r'},    {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct request r = {0};
    int opt = 0, status = EXIT_STATUS_USAGE;
    bool good = true;
    fbc_options_init(&r.client);
    optind = 0;
    while (good && opt != 'h' && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        good = opt == 'h' || take_option(&r, opt, optarg) == 0;
    }
    if (!good) {
        status = EXIT_STATUS_USAGE;
    } else if (opt == 'h') {
        fputs(help, stdout);
        status = EXIT_STATUS_OK;
    } else if (r.list && optind == argc) {
        status = fbed_devices(r.client.socket, r.client.run, r.json) == 0 ? EXIT_STATUS_OK : IOCTL_EXIT_NO_RUN;
    } else if (r.list || argc - optind != 2 || (r.client.socket != NULL && r.client.run != 0)) {
        complain("a device and a code; see filterbed ioctl --help", "");
    } else if (take_code(argv[optind + 1], &r.code) == 0) {
        r.device = argv[optind];
        status = send_request(&r);
    }
    free(r.in);
    free(r.buffer);
    return status;
}
