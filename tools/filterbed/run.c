/* SPDX-License-Identifier: MIT */
/* filterbed run: options, then host/run.h does it. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "host/run.h"

static const char help[] =
    "usage: filterbed run -f FILTER… (-d DIR | --memory) [options] -- CMD [ARG…]\n"
    "       filterbed run -f FILTER… (-d DIR | --memory) [options] --script FILE\n"
    "\n"
    "Runs CMD in DIR, or in an empty volume in memory, with the filters between it and the files, "
    "and\n"
    "reports what they did. FILTER is a .vcxproj, a directory with driver sources and an .inf, an "
    ".inf, or\n"
    "a built module with its .inf beside it.\n"
    "\n"
    "  -f, --filter FILTER          a filter; repeat for more, their altitudes order them\n"
    "  -d, --directory DIR          show this directory through the filters\n"
    "      --attach NAME[@ALTITUDE] attach an instance of filter NAME by hand, after loading\n"
    "      --load-order NAME,…      load these filters first, in this order; legacy drivers named before FltMgr\n"
    "                               lie below it, what is named behind mount comes when the volume is there\n"
    "                               (default: FltMgr, legacy drivers, mount, minifilters)\n"
    "      --block-legacy           legacy filters are refused (IoBlockLegacyFsFilters = 1)\n"
    "      --memory                 show an empty volume in memory\n"
    "      --fs DRIVER              show an empty disk in memory, mounted by this file system driver\n"
    "      --script FILE            instead of CMD: run file operations without mounting (- is "
    "stdin)\n"
    "\n"
    "      --log FILE               drivers' debug output goes there, not to stderr\n"
    "      --report KIND:FILE       also write the report; KIND is text, json, sarif or junit\n"
    "      --error-exitcode=N       exit with N if the verifier has findings\n"
    "      --verify=LEVEL           off, standard (default), full, or stop: standard, ending at the "
    "first finding\n"
    "      --suppress FILE          do not tell the findings that FILE describes; may be repeated\n"
    "      --gen-suppressions       print an entry of such a file for each finding\n"
    "      --socket PATH            where filterbed top finds this run\n"
    "      --profile=NAME           what the volume is like: ntfs (default), fat, refs, network,\n"
    "                               paging-file or no-contexts\n"
    "      --fault=alloc:N          the N-th allocation that a driver makes fails\n"
    "      --fault=status:ROUTINE=STATUS_NAME[@N]\n"
    "                               calls of ROUTINE (only the N-th) return this status and do nothing\n"
    "      --fault=list             print the routines and statuses that can be asked for\n"
    "      --fault=alloc:all, --fault=status:all\n"
    "                               a campaign: a run for each place that allocates, or for each place that calls\n"
    "                               a routine and each of its statuses; a table at the end\n"
    "      --seed=N                 of a campaign: the order of its runs; also $FILTERBED_SEED for CMD\n"
    "      --shard=I/N              the I-th of N parts of a campaign\n"
    "      --resume=FILE            keep what is done in FILE, and go on from there\n"
    "      --time-limit=SECONDS     a run of a campaign that takes longer is ended\n"
    "      --on-fault=WHAT          a driver crashed: continue without it (default) or stop\n"
    "      --watchdog=SECONDS       how long an unload may wait before it is reported (default 5)\n"
    "      --request-timeout=SECONDS  a driver that keeps a request for longer is reported and ends the run\n"
    "                               (default six times --watchdog; 0: never)\n"
    "\n"
    "      --metadata=MODE          exact (default): filters see every lookup; or cached\n"
    "      --no-passthrough         all data goes through the server, also what nobody filters\n"
    "      --case=insensitive       names differ in more than case (default: sensitive)\n"
    "      --threads=N              serve N requests at a time\n"
    "      --max-threads=N          most threads, counting those held in callbacks\n"
    "\n"
    "      --cc=COMPILER, --debug, --sanitize=LIST   as in filterbed build\n"
    "  -q, --quiet                  no report unless there are findings\n"
    "  -v, --verbose                all frames of stacks, build commands\n"
    "  -h, --help                   show this\n"
    "\n"
    "Exit status: that of CMD (128+N if signal N ended it); 1 if a script failed; 2 wrong usage; "
    "125\n"
    "filterbed itself failed; 126, 127 CMD cannot be run, is not there. A campaign: 0 nothing found, 1 (or that\n"
    "of --error-exitcode) something found, 125 it could not go on, 128+N signal N ended it.\n";

enum {
    OPT_MEMORY = 256,
    OPT_SCRIPT,
    OPT_LOG,
    OPT_REPORT,
    OPT_ERROR_EXITCODE,
    OPT_VERIFY,
    OPT_ON_FAULT,
    OPT_WATCHDOG,
    OPT_REQUEST_TIMEOUT,
    OPT_METADATA,
    OPT_NO_PASSTHROUGH,
    OPT_CASE,
    OPT_THREADS,
    OPT_MAX_THREADS,
    OPT_CC,
    OPT_DEBUG,
    OPT_SANITIZE,
    OPT_ATTACH,
    OPT_SUPPRESS,
    OPT_GEN_SUPPRESSIONS,
    OPT_PROFILE,
    OPT_SOCKET,
    OPT_LOAD_ORDER,
    OPT_BLOCK_LEGACY,
    OPT_FS,
    OPT_FAULT,
    OPT_SEED,
    OPT_SHARD,
    OPT_RESUME,
    OPT_TIME_LIMIT,
};

static const struct option options[] = {
    {"filter", required_argument, NULL, 'f'},
    {"directory", required_argument, NULL, 'd'},
    {"attach", required_argument, NULL, OPT_ATTACH},
    {"fs", required_argument, NULL, OPT_FS},
    {"load-order", required_argument, NULL, OPT_LOAD_ORDER},
    {"block-legacy", no_argument, NULL, OPT_BLOCK_LEGACY},
    {"memory", no_argument, NULL, OPT_MEMORY},
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"log", required_argument, NULL, OPT_LOG},
    {"report", required_argument, NULL, OPT_REPORT},
    {"error-exitcode", required_argument, NULL, OPT_ERROR_EXITCODE},
    {"verify", required_argument, NULL, OPT_VERIFY},
    {"suppress", required_argument, NULL, OPT_SUPPRESS},
    {"gen-suppressions", no_argument, NULL, OPT_GEN_SUPPRESSIONS},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"profile", required_argument, NULL, OPT_PROFILE},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"shard", required_argument, NULL, OPT_SHARD},
    {"resume", required_argument, NULL, OPT_RESUME},
    {"time-limit", required_argument, NULL, OPT_TIME_LIMIT},
    {"on-fault", required_argument, NULL, OPT_ON_FAULT},
    {"watchdog", required_argument, NULL, OPT_WATCHDOG},
    {"request-timeout", required_argument, NULL, OPT_REQUEST_TIMEOUT},
    {"metadata", required_argument, NULL, OPT_METADATA},
    {"no-passthrough", no_argument, NULL, OPT_NO_PASSTHROUGH},
    {"case", required_argument, NULL, OPT_CASE},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"max-threads", required_argument, NULL, OPT_MAX_THREADS},
    {"cc", required_argument, NULL, OPT_CC},
    {"debug", no_argument, NULL, OPT_DEBUG},
    {"sanitize", required_argument, NULL, OPT_SANITIZE},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The library exports fbed_ names only: lists are made here. The words are main's. */
static void
add(struct host_strv *list, char *item)
{
    char **grown = realloc(list->items, (list->count + 2) * sizeof *grown);
    if (grown == NULL) {
        abort();
    }
    list->items = grown;
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

static int
usage_error(const char *message, const char *what)
{
    fprintf(stderr, "filterbed run: %s%s; see filterbed run --help\n", message, what);
    return EXIT_STATUS_USAGE;
}

static const char *
option_name(int opt)
{
    for (const struct option *o = options; o->name != NULL; o++) {
        if (o->val == opt) {
            return o->name;
        }
    }
    return "?";
}

/* For an option that is given once, with a value that says something. -1, or an exit status. */
static int
once(int opt, const char **value)
{
    if (*value != NULL) {
        fprintf(stderr, "filterbed run: --%s is given twice: %s and %s; see filterbed run --help\n",
                option_name(opt), *value, optarg);
        return EXIT_STATUS_USAGE;
    }
    if (*optarg == '\0') {
        return usage_error("an empty value for --", option_name(opt));
    }
    *value = optarg;
    return -1;
}

/* The index of word in names, or -1. */
static int
choice(const char *word, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(word, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static int
option_number(int opt, struct run_options *o)
{
    const long low = opt == OPT_ERROR_EXITCODE || opt == OPT_REQUEST_TIMEOUT ? 0 : 1,
               high = opt == OPT_ERROR_EXITCODE ? 255
                      : opt == OPT_WATCHDOG || opt == OPT_TIME_LIMIT || opt == OPT_REQUEST_TIMEOUT ? 100000
                                                : 4096;
    long n;
    if (!command_number(optarg, low, high, &n)) {
        fprintf(stderr,
                "filterbed run: --%s takes a number from %ld to %ld, not \"%s\"; see filterbed run "
                "--help\n",
                option_name(opt), low, high, optarg);
        return EXIT_STATUS_USAGE;
    }
    switch (opt) {
    case OPT_ERROR_EXITCODE:
        o->error_exitcode = (int)n;
        break;
    case OPT_WATCHDOG:
        o->watchdog = (unsigned)n;
        break;
    case OPT_REQUEST_TIMEOUT:
        o->request_timeout = (int)n;
        break;
    case OPT_TIME_LIMIT:
        o->time_limit = (unsigned)n;
        break;
    case OPT_THREADS:
        o->threads = (unsigned)n;
        break;
    default:
        o->max_threads = (unsigned)n;
        break;
    }
    return -1;
}

static int
choice_error(int opt, const char *const *names)
{
    fprintf(stderr, "filterbed run: --%s takes ", option_name(opt));
    for (int i = 0; names[i] != NULL; i++) {
        fprintf(stderr, "%s%s", i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ", names[i]);
    }
    fprintf(stderr, ", not \"%s\"; see filterbed run --help\n", optarg);
    return EXIT_STATUS_USAGE;
}

static int
option_choice(int opt, struct run_options *o)
{
    static const char *const levels[] = {"off", "standard", "full", "stop", NULL};
    static const char *const profiles[] = {"ntfs",    "fat",         "refs",
                                           "network", "paging-file", "no-contexts", NULL};
    static const char *const faults[] = {"continue", "stop", NULL};
    static const char *const modes[] = {"exact", "cached", NULL};
    static const char *const cases[] = {"sensitive", "insensitive", NULL};
    static const char *const sanitizers[] = {
        "address",          "undefined", "address,undefined", "undefined,address", "thread",
        "thread,undefined", NULL};
    const char *const *names = opt == OPT_VERIFY     ? levels
                               : opt == OPT_ON_FAULT ? faults
                               : opt == OPT_METADATA ? modes
                               : opt == OPT_CASE     ? cases
                               : opt == OPT_PROFILE  ? profiles
                                                     : sanitizers;
    int n = choice(optarg, names);
    if (n < 0) {
        return choice_error(opt, names);
    }
    switch (opt) {
    case OPT_VERIFY:
        o->verify = n == 3 ? 1 : n;
        o->stop_on_finding = n == 3;
        break;
    case OPT_ON_FAULT:
        o->stop_on_fault = n == 1;
        break;
    case OPT_METADATA:
        o->cached = n == 1;
        break;
    case OPT_CASE:
        o->case_insensitive = n == 1;
        break;
    case OPT_PROFILE:
        o->profile = profiles[n];
        break;
    default:
        o->sanitize = optarg;
        break;
    }
    return -1;
}

static int
option_report(struct run_options *o)
{
    static const char *const kinds[] = {"text:", "json:", "sarif:", "junit:"};
    size_t length = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(optarg, kinds[i], strlen(kinds[i])) == 0) {
            length = strlen(kinds[i]);
        }
    }
    if (length == 0) {
        return usage_error("--report takes text:FILE, json:FILE, sarif:FILE or junit:FILE, not ",
                           optarg);
    }
    if (optarg[length] == '\0') {
        return usage_error("--report needs a file: ", optarg);
    }
    add(&o->reports, optarg);
    return -1;
}

/* Returns -1 to go on, else an exit status. */
static int
option(int opt, char **argv, struct run_options *o)
{
    switch (opt) {
    case 'f':
        if (*optarg == '\0') {
            return usage_error("an empty value for --", "filter");
        }
        add(&o->filters, optarg);
        return -1;
    case 'd':
        return once(opt, &o->directory);
    case OPT_ATTACH:
        add(&o->attach, optarg);
        return -1;
    case OPT_FS:
        return once(opt, &o->file_system);
    case OPT_LOAD_ORDER:
        return once(opt, &o->load_order);
    case OPT_BLOCK_LEGACY:
        o->block_legacy = true;
        return -1;
    case OPT_MEMORY:
        o->memory = true;
        return -1;
    case OPT_SCRIPT:
        return once(opt, &o->script);
    case OPT_LOG:
        return once(opt, &o->log);
    case OPT_REPORT:
        return option_report(o);
    case OPT_SUPPRESS:
        if (*optarg == '\0') {
            return usage_error("an empty value for --", "suppress");
        }
        add(&o->suppress, optarg);
        return -1;
    case OPT_SEED:
        return once(opt, &o->seed);
    case OPT_SHARD:
        return once(opt, &o->shard);
    case OPT_RESUME:
        return once(opt, &o->resume);
    case OPT_FAULT:
        if (strcmp(optarg, "list") == 0) {
            fbed_list_faults();
            return EXIT_STATUS_OK;
        }
        add(&o->faults, optarg);
        return -1;
    case OPT_GEN_SUPPRESSIONS:
        o->gen_suppressions = true;
        return -1;
    case OPT_SOCKET:
        return once(opt, &o->socket);
    case OPT_NO_PASSTHROUGH:
        o->no_passthrough = true;
        return -1;
    case OPT_CC:
        o->cc = optarg;
        return -1;
    case OPT_DEBUG:
        o->debug = true;
        return -1;
    case OPT_ERROR_EXITCODE:
    case OPT_WATCHDOG:
    case OPT_REQUEST_TIMEOUT:
    case OPT_TIME_LIMIT:
    case OPT_THREADS:
    case OPT_MAX_THREADS:
        return option_number(opt, o);
    case OPT_VERIFY:
    case OPT_ON_FAULT:
    case OPT_METADATA:
    case OPT_CASE:
    case OPT_PROFILE:
    case OPT_SANITIZE:
        return option_choice(opt, o);
    case 'q':
        o->quiet = true;
        return -1;
    case 'v':
        o->verbose = true;
        return -1;
    case 'h':
        fputs(help, stdout);
        return EXIT_STATUS_OK;
    case ':':
        return usage_error("option needs a value: ", argv[optind - 1]);
    default:
        return usage_error("unknown option: ", argv[optind - 1]);
    }
}

static int
check(int argc, char **argv, struct run_options *o)
{
    if (o->file_system != NULL && (o->directory != NULL || o->memory)) {
        return usage_error("--fs excludes -d DIR and --memory", "");
    }
    if (o->filters.count == 0 && o->file_system == NULL) {
        return usage_error("no filter given (-f FILTER)", "");
    }
    if (o->file_system == NULL && (o->directory != NULL) == o->memory) {
        return usage_error(o->memory ? "-d DIR and --memory exclude each other"
                                     : "either -d DIR or --memory is needed",
                           "");
    }
    if (o->max_threads != 0 && o->threads > o->max_threads) {
        return usage_error("--threads is more than --max-threads", "");
    }
    if ((optind < argc) == (o->script != NULL)) {
        return usage_error(o->script != NULL ? "a command and --script exclude each other: "
                                             : "no command given, and no --script",
                           o->script != NULL ? argv[optind] : "");
    }
    o->command = optind < argc ? argv + optind : NULL;
    return -1;
}

int
cmd_run(int argc, char **argv)
{
    struct run_options o = {.error_exitcode = -1, .verify = 1, .watchdog = 5, .request_timeout = -1};
    int opt, status = -1;
    optind = 0;
    opterr = 0;
    while (status < 0 && (opt = getopt_long(argc, argv, "+:f:d:qvh", options, NULL)) != -1) {
        status = option(opt, argv, &o);
    }
    if (status < 0) {
        status = check(argc, argv, &o);
    }
    if (status < 0) {
        status = fbed_run(&o);
    }
    free(o.filters.items);
    free(o.reports.items);
    free(o.suppress.items);
    free(o.attach.items);
    free(o.faults.items);
    return status;
}
