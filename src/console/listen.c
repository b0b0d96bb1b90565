/*
 * listen.c: consoles for those who attach to a running program.
 *
 * A process waits at a socket in the file system, and makes a console for each who comes: of the same user,
 * which the kernel says. Nothing that somebody does there ends the program, unless he asks for that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <coppice/console.h>
#include <coppice/memory.h>
#include <coppice/text.h>

#include "console/front.h"
#include "console/names.h"
#include "console/node.h"

enum { BACKLOG = 8, SEND_MS = 10000, BLOCK = 4096 };

/* One who has come. */
struct guest {
        struct front front;
        int in, out; /* the same socket, since one process waits to read and another to write */
        struct buffer come, names;
        bool gone;
};

/* ---- what is said to it ---- */

static void send_all(struct guest *g, const char *bytes, size_t size)
{
        ssize_t done;

        while (size > 0 && !g->gone) {
                done = send(g->out, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (done > 0) {
                        bytes += done;
                        size -= (size_t)done;
                } else if (done < 0 && errno != EAGAIN && errno != EINTR) {
                        g->gone = true;
                } else if (!cop_wait_fd(g->out, COP_WRITABLE, SEND_MS)) {
                        g->gone = true;
                }
        }
}

static void send_term(struct guest *g, cop_term term)
{
        struct buffer frame;

        cop__buffer_init(&frame, FRAME_MOST);
        cop__frame_add(&frame, term);
        if (!frame.failed)
                send_all(g, frame.bytes, frame.size);
        cop__buffer_release(&frame);
}

static void put(void *guest, enum said said, const char *text, size_t size)
{
        send_term(guest, cop_build("{said, T}", cop_binary(text, size)));
}

static void ask(void *guest, const char *prompt)
{
        struct guest *g = guest;

        cop__buffer_clear(&g->names);
        cop__console_names(&g->names);
        send_term(g, cop_build("{read, P, N}", prompt,
                               cop_binary(g->names.size ? g->names.bytes : "", g->names.size)));
}

/* ---- what it says ---- */

/* False: it is gone. */
static bool receive(struct guest *g)
{
        char *to;
        ssize_t got;

        cop_wait_fd(g->in, COP_READABLE, COP_FOREVER);
        to = cop__buffer_extend(&g->come, BLOCK);
        if (!to)
                return false;
        got = recv(g->in, to, BLOCK, MSG_DONTWAIT);
        g->come.size -= BLOCK - (got > 0 ? (size_t)got : 0);
        return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* False: what has come is nothing that a guest says. */
static bool take(struct guest *g, cop_term term)
{
        cop_term text;

        if (cop_match(term, "{line, Text}", &text) && cop_is_binary(text))
                cop__front_line(&g->front, (const char *)cop_to_bytes(text), cop_byte_size(text));
        else if (cop_is(term, "interrupt") || cop_is(term, "abandon") || cop_is(term, "eof"))
                cop_send_term(g->front.console, term);
        else
                return false;
        return true;
}

static void reader(void *front)
{
        struct guest *g = front;
        bool is_wrong = false;

        while (!is_wrong && receive(g)) {
                cop_term term;

                while (!cop_is_none(term = cop__frame_take(&g->come, &is_wrong)))
                        is_wrong = is_wrong || !take(g, term);
        }
        cop__front_end(&g->front);
        cop_receive(COP_FOREVER, "stop");
}

/* Is somebody there who can read a greeting? False: it is gone, or says something else first. */
static bool receive_hello(struct guest *g, bool *is_terminal)
{
        bool is_wrong = false;
        cop_term term;

        while (receive(g)) {
                term = cop__frame_take(&g->come, &is_wrong);
                if (!cop_is_none(term) || is_wrong)
                        return !is_wrong && cop_match(term, "{hello, Is}", is_terminal);
        }
        return false;
}

static void release(void *guest)
{
        struct guest *g = guest;

        cop__buffer_release(&g->come);
        cop__buffer_release(&g->names);
}

static void serve(cop_term argument)
{
        struct guest *g = cop_alloc(sizeof(*g));
        int64_t fd = -1;

        cop_match(argument, "Fd", &fd);
        g->in = (int)fd;
        cop_own_fd(g->in);
        g->out = dup(g->in);
        if (g->out < 0)
                return;
        cop_own_fd(g->out);
        cop__buffer_init(&g->come, FRAME_MOST + BLOCK);
        cop__buffer_init(&g->names, FRAME_MOST);
        cop_own(g, release);
        g->front = (struct front){ .put = put, .ask = ask, .context = g, .read = reader };
        if (!receive_hello(g, &g->front.greets))
                return;
        fd = cop__console_run(&g->front);
        send_term(g, cop_build("{exit, Status}", fd));
}

/* ---- the socket ---- */

static bool is_same_user(int fd)
{
        struct ucred who;
        socklen_t size = sizeof(who);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
}

struct listener {
        int fd;
        struct sockaddr_un address;
};

static void leave(void *listener)
{
        struct listener *l = listener;

        unlink(l->address.sun_path);
}

static void listen_at(void *listener)
{
        struct listener *l = cop_alloc(sizeof(*l));

        *l = *(struct listener *)listener;
        cop_own_fd(l->fd);
        cop_own(l, leave);
        cop_set_label(cop_atom("console_listener"));
        cop_send(cop_parent(), "console_listens");
        for (;;) {
                int guest;

                cop_wait_fd(l->fd, COP_READABLE, COP_FOREVER);
                guest = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
                if (guest < 0)
                        continue;
                if (is_same_user(guest))
                        cop_spawn(serve, cop_int(guest));
                else
                        close(guest);
        }
}

/* Somebody who has ended may have left his socket; one who lives is not to be replaced. */
static bool is_left_over(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_refused = fd >= 0 &&
                          connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
                          errno == ECONNREFUSED;

        if (fd >= 0)
                close(fd);
        return is_refused;
}

/* The directory is this user's alone. */
static int make_directory(void)
{
        char path[200];
        struct stat about;

        cop__node_directory(path, sizeof(path));
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        if (lstat(path, &about) < 0)
                return -errno;
        return S_ISDIR(about.st_mode) && about.st_uid == geteuid() && (about.st_mode & 077) == 0
                       ? 0
                       : -EPERM;
}

static int bind_socket(int fd, const struct sockaddr_un *address)
{
        const struct sockaddr *at = (const struct sockaddr *)address;

        if (bind(fd, at, sizeof(*address)) == 0)
                return 0;
        if (errno != EADDRINUSE || !is_left_over(address))
                return -errno;
        unlink(address->sun_path);
        return bind(fd, at, sizeof(*address)) == 0 ? 0 : -errno;
}

int cop_console_listen(const char *node)
{
        struct listener l = { .fd = -1 };
        int err = cop__node_address(&l.address, node) ? make_directory() : -EINVAL;

        if (err < 0)
                return err;
        l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l.fd < 0)
                return -errno;
        err = bind_socket(l.fd, &l.address);
        if (err == 0 && (chmod(l.address.sun_path, 0600) < 0 || listen(l.fd, BACKLOG) < 0))
                err = -errno;
        if (err < 0) {
                close(l.fd);
                return err;
        }
        cop_spawn_pointer(listen_at, &l);
        cop_receive(COP_FOREVER, "console_listens"); /* it has its own copy of l */
        return 0;
}
