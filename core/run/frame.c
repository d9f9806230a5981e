/* frame.c -- frames over a stream socket. */
#include "core/run/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "core/run/timer.h"

enum { SLICE_MS = 50 };

#define MAGIC UINT32_C(0x74766d31)

typedef struct Head {
    uint32_t magic, kind, length, files;
} Head;

Buf frame_buf(Arena *A)
{
    return buf_new(A);
}

void frame_put_u64(Buf *b, uint64_t v)
{
    buf_add(b, &v, sizeof v);
}

void frame_put_bytes(Buf *b, const void *data, size_t n)
{
    frame_put_u64(b, n);
    if (n)
        buf_add(b, data, n);
    buf_putc(b, '\0');
}

void frame_put_str(Buf *b, const char *s)
{
    frame_put_bytes(b, s, strlen(s));
}

static bool send_all(int sock, struct msghdr *msg)
{
    while (msg->msg_iovlen > 0) {
        ssize_t n = sendmsg(sock, msg, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        msg->msg_control = NULL;
        msg->msg_controllen = 0;
        for (size_t left = (size_t)n; msg->msg_iovlen > 0; msg->msg_iov++, msg->msg_iovlen--) {
            if (left < msg->msg_iov->iov_len) {
                msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + left;
                msg->msg_iov->iov_len -= left;
                break;
            }
            left -= msg->msg_iov->iov_len;
        }
    }
    return true;
}

bool frame_send(int sock, uint32_t kind, const Buf *b, const int *files, int nfiles)
{
    Head head = {MAGIC, kind, b ? (uint32_t)b->len : 0, (uint32_t)nfiles};
    struct iovec parts[2] = {{&head, sizeof head}, {b ? b->data : NULL, head.length}};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = head.length ? 2 : 1};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * FRAME_FILES)] = {0};
    if (b && b->len > FRAME_MOST)
        return false;
    if (nfiles) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nfiles);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nfiles);
        memcpy(CMSG_DATA(c), files, sizeof(int) * (size_t)nfiles);
    }
    return send_all(sock, &msg);
}

/* Until the socket can be read. */
static FrameStatus wait_readable(int sock, double until, bool stoppable)
{
    for (;;) {
        if (stoppable && cancel_asked())
            return FRAME_STOPPED;
        if (stoppable)
            progress_tick();
        int wait = stoppable ? SLICE_MS : -1;
        if (until >= 0) {
            double left = (until - timer_now()) * 1e3;
            if (left <= 0)
                return FRAME_TIMEOUT;
            wait = wait < 0 || left < wait ? (int)left + 1 : wait;
        }
        struct pollfd p = {.fd = sock, .events = POLLIN};
        int n = poll(&p, 1, wait);
        if (n > 0)
            return FRAME_OK;
        if (n < 0 && errno != EINTR)
            return FRAME_CLOSED;
    }
}

static void take_files(struct msghdr *msg, Frame *out)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + (size_t)i * sizeof fd, sizeof fd);
            if (out->nfiles < FRAME_FILES)
                out->files[out->nfiles++] = fd;
            else
                close(fd);
        }
    }
}

/* Exactly `n` bytes, and the files that come with them. */
static FrameStatus receive_all(int sock, char *to, size_t n, double until, bool stoppable,
                               Frame *out)
{
    while (n > 0) {
        FrameStatus s = wait_readable(sock, until, stoppable);
        if (s != FRAME_OK)
            return s;
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * FRAME_FILES)];
        struct iovec part = {to, n};
        struct msghdr msg = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
        ssize_t got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FRAME_CLOSED;
        take_files(&msg, out);
        to += got;
        n -= (size_t)got;
    }
    return FRAME_OK;
}

FrameStatus frame_receive(int sock, Arena *A, double seconds, bool stoppable, Frame *out)
{
    double until = seconds < 0 ? -1 : timer_now() + seconds;
    Head head;
    *out = (Frame){0};
    FrameStatus s = receive_all(sock, (char *)&head, sizeof head, until, stoppable, out);
    if (s == FRAME_OK && (head.magic != MAGIC || head.length > FRAME_MOST))
        s = FRAME_BAD;
    if (s == FRAME_OK) {
        out->kind = head.kind;
        out->length = head.length;
        out->data = arena_alloc(A, (size_t)head.length + 1);
        s = receive_all(sock, out->data, head.length, until, stoppable, out);
    }
    if (s == FRAME_OK && (uint32_t)out->nfiles != head.files)
        s = FRAME_BAD;
    if (s != FRAME_OK)
        while (out->nfiles > 0)
            close(out->files[--out->nfiles]);
    return s;
}

FrameReader frame_read(const Frame *f)
{
    return (FrameReader){f->data, f->data + f->length, true};
}

uint64_t frame_u64(FrameReader *r)
{
    uint64_t v = 0;
    if (!r->ok || r->end - r->p < (long)sizeof v)
        return r->ok = false, 0;
    memcpy(&v, r->p, sizeof v);
    r->p += sizeof v;
    return v;
}

const char *frame_str(FrameReader *r, size_t *length)
{
    uint64_t n = frame_u64(r);
    if (length)
        *length = 0;
    if (!r->ok || (uint64_t)(r->end - r->p) <= n || r->p[n] != '\0')
        return r->ok = false, "";
    const char *s = r->p;
    r->p += n + 1;
    if (length)
        *length = n;
    return s;
}

bool frame_done(const FrameReader *r)
{
    return r->ok && r->p == r->end;
}
