/* SPDX-License-Identifier: MIT */
/*
 * The include farm: a directory of small headers that stand in for names which only Windows would
 * find.
 *
 * The sources of a project are read for #include lines, and the headers that these reach too. Every
 * name that no exact file has (wrong case, backslashes, <> for a file of the project itself) gets a
 * header in the farm that includes the real file; trace headers (.tmh) and headers made by the
 * message compiler get a stub. The compiler searches the farm after the driver's own directories.
 * Real files keep their names in messages and debug information.
 */
#ifndef FILTERBED_HOST_FARM_H
#define FILTERBED_HOST_FARM_H

#include "host/project.h"

/*
 * Writes the farm below root and stores the directory to search in *dir (caller frees). nt is
 * include/nt. Remarks about the sources are added to *notes.
 */
int
farm_build(const struct host_project *project,
           const char *nt,
           const char *root,
           char **dir,
           struct host_strv *notes,
           struct host_error *err);

#endif
