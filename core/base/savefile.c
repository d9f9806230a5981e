/* savefile.c -- a temporary beside the file, then rename. */
#include "core/base/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where `path` leads: existing links followed, a new file's name taken as it is. */
static bool resolve(SaveFile *s, const char *path, Err *err)
{
    if (strlen(path) >= sizeof s->path - 16)
        return REFUSE(err, io_failed, NULL, "write", path, strerror(ENAMETOOLONG));
    if (!realpath(path, s->path))
        memcpy(s->path, path, strlen(path) + 1);
    return true;
}

static mode_t new_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

bool save_begin(SaveFile *s, const char *path, Err *err)
{
    struct stat st;
    s->temporary[0] = '\0';
    if (!resolve(s, path, err))
        return false;
    bool exists = stat(s->path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode)) {
        s->file = S_ISDIR(st.st_mode) ? NULL : fopen(s->path, "we");
        if (!s->file)
            return REFUSE(err, io_failed, NULL, "write", path,
                          strerror(S_ISDIR(st.st_mode) ? EISDIR : errno));
        return true;
    }
    snprintf(s->temporary, sizeof s->temporary, "%.*s.XXXXXX", PATH_MAX - 16, s->path);
    int fd = mkostemp(s->temporary, O_CLOEXEC);
    if (fd < 0 || fchmod(fd, exists ? st.st_mode & 07777 : new_mode()) != 0 ||
        !(s->file = fdopen(fd, "w"))) {
        int why = errno;
        if (fd >= 0) {
            close(fd);
            unlink(s->temporary);
        }
        return REFUSE(err, io_failed, NULL, "write", path, strerror(why));
    }
    return true;
}

bool save_end(SaveFile *s, bool keep, Err *err)
{
    bool failed = fflush(s->file) != 0 || ferror(s->file);
    int why = failed ? errno : 0;
    if (fclose(s->file) != 0 && !failed) {
        failed = true;
        why = errno;
    }
    if (!failed && keep && s->temporary[0] && rename(s->temporary, s->path) != 0) {
        failed = true;
        why = errno;
    }
    if (s->temporary[0] && (failed || !keep))
        unlink(s->temporary);
    if (failed && keep)
        return REFUSE(err, io_failed, NULL, "write", s->path, strerror(why ? why : EIO));
    return true;
}

bool save_bytes(const char *path, const void *data, size_t n, Err *err)
{
    SaveFile s;
    if (!save_begin(&s, path, err))
        return false;
    fwrite(data, 1, n, s.file);
    return save_end(&s, true, err);
}
