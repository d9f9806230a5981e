/* frame.h -- messages between processes: a kind, bytes, and open files that travel along.
**
** On the wire a frame is {magic, kind, length, files} as four u32, then its bytes.  Integers are
** little-endian as the machine has them: both ends are this program on one machine.  Strings are a
** u64 length, the bytes and a closing zero.
**
**      Buf b = frame_buf(A);
**      frame_put_u64(&b, size);
**      frame_put_str(&b, name);
**      if (!frame_send(sock, MSG_HELLO, &b, fds, 2)) …
**
**      FrameReader r = frame_read(&frame);
**      uint64_t size = frame_u64(&r);
**      const char *name = frame_str(&r, NULL);
**      if (!frame_done(&r)) …          -- too short, too long, or a string that does not end
*/
#ifndef CORE_RUN_FRAME_H
#define CORE_RUN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

enum { FRAME_FILES = 4, FRAME_MOST = 1 << 30 /* bytes */ };

typedef struct Frame {
    uint32_t kind;
    size_t length;
    char *data;
    int files[FRAME_FILES]; /* the receiver's to close */
    int nfiles;
} Frame;

typedef enum FrameStatus {
    FRAME_OK,
    FRAME_CLOSED, /* the other end is gone */
    FRAME_TIMEOUT,
    FRAME_STOPPED, /* the cancel flag was raised */
    FRAME_BAD      /* not a frame */
} FrameStatus;

Buf frame_buf(Arena *A);
void frame_put_u64(Buf *b, uint64_t v);
void frame_put_bytes(Buf *b, const void *data, size_t n);
void frame_put_str(Buf *b, const char *s);

/* False if the other end is gone, or if the frame holds more than FRAME_MOST bytes.  Raises no
** SIGPIPE. */
bool frame_send(int sock, uint32_t kind, const Buf *b, const int *files, int nfiles);

/* Waits for the next frame, whose bytes live in A; for ever if `seconds` is negative.  With
** `stoppable` the cancel flag ends the wait. */
FrameStatus frame_receive(int sock, Arena *A, double seconds, bool stoppable, Frame *out);

typedef struct FrameReader {
    const char *p, *end;
    bool ok;
} FrameReader;

FrameReader frame_read(const Frame *f);
uint64_t frame_u64(FrameReader *r);                    /* 0 once something was wrong */
const char *frame_str(FrameReader *r, size_t *length); /* "" once something was wrong */
bool frame_done(const FrameReader *r);

#endif
