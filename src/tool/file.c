#include "tool/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "tool/text.h"

static int read_all(int fd, struct buffer *all)
{
        enum { STEP = 1 << 16 };

        for (;;) {
                char *room = cop__buffer_extend(all, STEP);
                ssize_t n;

                if (!room)
                        return -EFBIG;
                n = read(fd, room, STEP);
                all->size -= STEP - (n > 0 ? (size_t)n : 0);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return 0;
        }
}

int file_read(const char *path, const char **text, size_t *size)
{
        enum { MOST = 1 << 28 };
        int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
        struct buffer all;
        int err;

        if (fd < 0)
                return -errno;
        cop__buffer_init(&all, MOST);
        err = read_all(fd, &all);
        close(fd);
        if (err == 0) {
                *text = text_copy(all.bytes, all.size);
                *size = all.size;
        }
        cop__buffer_release(&all);
        return err;
}

int file_write_new(const char *path, const char *bytes, size_t size)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        int err = 0;

        if (fd < 0)
                return -errno;
        while (size > 0 && err == 0) {
                ssize_t n = write(fd, bytes, size);

                if (n >= 0) {
                        bytes += n;
                        size -= (size_t)n;
                } else if (errno != EINTR) {
                        err = -errno;
                }
        }
        if (close(fd) < 0 && err == 0)
                err = -errno;
        if (err < 0)
                unlink(path);
        return err;
}
