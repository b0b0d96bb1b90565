/*
 * logger_journal.c: systemd's journal, by its own protocol.
 *
 * A record is a datagram of fields, "NAME=value\n"; a value with a line end in it is sent as its
 * name, a line end, its length in eight bytes, little end first, and the value. A datagram that is
 * too long goes as a file in memory, whose descriptor is sent instead.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "otp/logger.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* ---- the protocol ---- */

void cop__log_journal_field(struct buffer *out, const char *name, const char *value, size_t size)
{
        size_t i;

        cop__buffer_add_text(out, name);
        if (memchr(value, '\n', size)) {
                cop__buffer_add_char(out, '\n');
                for (i = 0; i < 8; i++)
                        cop__buffer_add_char(out, (char)((uint64_t)size >> 8 * i & 0xff));
        } else {
                cop__buffer_add_char(out, '=');
        }
        cop__buffer_add(out, value, size);
        cop__buffer_add_char(out, '\n');
}

/* ---- the socket ---- */

struct journal {
        int fd;
        struct sockaddr_un address;
};

/* As a sealed file. */
static int send_as_file(struct journal *journal, const struct iovec *record)
{
        char control[CMSG_SPACE(sizeof(int))] = { 0 };
        struct msghdr message = { .msg_name = &journal->address,
                                  .msg_namelen = sizeof(journal->address),
                                  .msg_control = control,
                                  .msg_controllen = sizeof(control) };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        int fd = memfd_create("journal", MFD_CLOEXEC);
        int err = 0;

        if (fd < 0)
                return -errno;
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
        if (write(fd, record->iov_base, record->iov_len) != (ssize_t)record->iov_len ||
            sendmsg(journal->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                err = -errno;
        close(fd);
        return err;
}

static int send_record(struct journal *journal, const struct iovec *record)
{
        ssize_t size =
                sendto(journal->fd, record->iov_base, record->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT,
                       (const struct sockaddr *)&journal->address, sizeof(journal->address));

        if (size >= 0)
                return 0;
        return errno == EMSGSIZE ? send_as_file(journal, record) : -errno;
}

static int journal_write(void *device, const struct iovec *records, int count)
{
        int i;

        for (i = 0; i < count; i++) {
                int err = send_record(device, &records[i]);

                if (err < 0)
                        return i > 0 ? i : err;
        }
        return count;
}

static void journal_close(void *device)
{
        struct journal *journal = device;

        close(journal->fd);
        cop__free(journal);
}

int cop__log_journal_open(const char *socket_path, void **device, struct log_device *how)
{
        const char *path = socket_path ? socket_path : JOURNAL_SOCKET;
        struct journal *journal;

        if (strlen(path) >= sizeof(journal->address.sun_path))
                return -ENAMETOOLONG;
        if (access(path, F_OK) < 0)
                return -errno;
        journal = cop__alloc_zeroed(sizeof(*journal));
        if (!journal)
                return -ENOMEM;
        journal->address.sun_family = AF_UNIX;
        memcpy(journal->address.sun_path, path, strlen(path) + 1);
        journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (journal->fd < 0) {
                cop__free(journal);
                return -errno;
        }
        *device = journal;
        *how = (struct log_device){ journal_write, journal_close };
        return 0;
}
