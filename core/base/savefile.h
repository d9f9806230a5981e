/* savefile.h -- writing a file whole or not at all.
**
** The bytes go to a new file beside the old one, which takes the old one's place when everything is
** written; a full disk leaves the old file as it was and nothing else behind.  What is not a
** regular file (a device, a pipe) is written directly.
**
**      SaveFile s;
**      if (!save_begin(&s, path, err))
**          return false;
**      fwrite(data, 1, n, s.file);
**      return save_end(&s, true, err);
*/
#ifndef CORE_BASE_SAVEFILE_H
#define CORE_BASE_SAVEFILE_H

#include <limits.h>
#include <stdio.h>

#include "core/base/err.h"

typedef struct SaveFile {
    FILE *file;
    char path[PATH_MAX];      /* where it will stand, links followed */
    char temporary[PATH_MAX]; /* where it is written; empty: path itself */
} SaveFile;

bool save_begin(SaveFile *s, const char *path, Err *err);

/* Closes; with `keep` the file takes its place, else it is dropped.  Write errors of any fwrite
** since save_begin are found here: false, with io_failed. */
bool save_end(SaveFile *s, bool keep, Err *err);

/* A file of these bytes. */
bool save_bytes(const char *path, const void *data, size_t n, Err *err);

#endif
