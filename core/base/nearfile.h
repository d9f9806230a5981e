/* nearfile.h -- a file that cannot be opened, and which one was meant.
**
**      int fd = open(path, O_RDONLY);
**      if (fd < 0)
**          return refuse_unreadable(err, path, errno);     "… did you mean models/digits.onnx?"
*/
#ifndef CORE_BASE_NEARFILE_H
#define CORE_BASE_NEARFILE_H

#include "core/base/err.h"

/* Says that `path` cannot be read, and where nothing is there, which name in its
** folder is near. Returns false. */
bool refuse_unreadable(Err *err, const char *path, int error);

/* Says that `path` is a folder where a file was meant, and which files in it have names with that
** ending.  Returns false. */
bool refuse_folder(Err *err, const char *path, const char *ending);

#endif
