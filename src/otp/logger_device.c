/*
 * logger_device.c: where lines go: a descriptor, or a file that is exchanged when it is large.
 *
 * console   A terminal may be stopped, and a pipe be full. So a descriptor is asked before each write
 *           whether it takes something, and gets no more than a pipe then takes without blocking;
 *           a line that was begun is ended before the next one. A regular file is never asked.
 * file      When it has reached its size it is closed, path becomes path.0, path.0 path.1, and so
 *           on, and a new one is begun. What a full disk has taken of a record is cut off again, so
 *           that a file has whole lines only.
 *
 * Everything here runs on one thread at a time (sink.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "otp/logger.h"

enum { ASK_MS = 100 };

/* ---- console ---- */

struct console {
        int fd;
        bool is_file;
        size_t written; /* of the first record */
};

/* 0: all of it. */
static int write_record(struct console *console, const struct iovec *record)
{
        while (console->written < record->iov_len) {
                struct pollfd ready = { .fd = console->fd, .events = POLLOUT };
                size_t left = record->iov_len - console->written;
                ssize_t size;

                if (!console->is_file && poll(&ready, 1, ASK_MS) == 0)
                        return -EAGAIN;
                size = write(console->fd, (const char *)record->iov_base + console->written,
                             console->is_file || left < PIPE_BUF ? left : PIPE_BUF);
                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0 && errno == EAGAIN)
                        return -EAGAIN;
                if (size <= 0) {
                        console->written = 0;
                        return size < 0 ? -errno : -EIO;
                }
                console->written += (size_t)size;
        }
        console->written = 0;
        return 0;
}

static int console_write(void *device, const struct iovec *records, int count)
{
        int i;

        for (i = 0; i < count; i++) {
                int err = write_record(device, &records[i]);

                if (err < 0)
                        return i > 0 ? i : err;
        }
        return count;
}

static void console_close(void *device)
{
        cop__free(device);
}

int cop__log_console_open(int fd, void **device, struct log_device *how)
{
        struct console *console = cop__alloc_zeroed(sizeof(*console));
        struct stat stat;

        if (!console)
                return -ENOMEM;
        console->fd = fd;
        console->is_file = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
        *device = console;
        *how = (struct log_device){ console_write, console_close };
        return 0;
}

/* ---- file ---- */

struct file {
        int fd; /* -1: it could not be opened again */
        off_t size;
        size_t size_max;
        int files_max;
        char path[];
};

static int open_file(struct file *file)
{
        struct stat stat;

        file->fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (file->fd < 0)
                return -errno;
        file->size = fstat(file->fd, &stat) == 0 && S_ISREG(stat.st_mode) ? stat.st_size : 0;
        return 0;
}

/* Best effort: a file that cannot be renamed goes on growing. */
static int rotate(struct file *file)
{
        char from[PATH_MAX], to[PATH_MAX];
        int i;

        close(file->fd);
        for (i = file->files_max - 1; i >= 0; i--) {
                snprintf(to, sizeof(to), "%s.%d", file->path, i);
                snprintf(from, sizeof(from), i > 0 ? "%s.%d" : "%s", file->path, i - 1);
                (void)rename(from, to);
        }
        return open_file(file);
}

static int write_to_file(struct file *file, const struct iovec *record)
{
        int err = file->fd < 0 ? open_file(file) : 0;
        size_t written = 0;
        ssize_t size;

        if (err == 0 && file->size_max && file->size > 0 &&
            (size_t)file->size + record->iov_len > file->size_max)
                err = rotate(file);
        if (err < 0)
                return err;
        while (written < record->iov_len) {
                size = write(file->fd, (const char *)record->iov_base + written,
                             record->iov_len - written);
                if (size < 0 && errno == EINTR)
                        continue;
                if (size <= 0) {
                        err = size < 0 ? -errno : -EIO;
                        if (written > 0 && ftruncate(file->fd, file->size) < 0)
                                file->size += (off_t)written; /* half a line stays */
                        return err;
                }
                written += (size_t)size;
        }
        file->size += (off_t)written;
        return 0;
}

/* Many at once, where all of them fit into this file. Returns whether they are written. */
static bool write_together(struct file *file, const struct iovec *records, int count)
{
        size_t size = 0;
        int i;

        for (i = 0; i < count; i++)
                size += records[i].iov_len;
        if (count < 2 || file->fd < 0 ||
            (file->size_max && (size_t)file->size + size > file->size_max))
                return false;
        if (writev(file->fd, records, count) != (ssize_t)size) {
                if (ftruncate(file->fd, file->size) < 0)
                        return false; /* a pipe: what is half there is there twice */
                return false;
        }
        file->size += (off_t)size;
        return true;
}

static int file_write(void *device, const struct iovec *records, int count)
{
        struct file *file = device;
        int i;

        if (write_together(file, records, count))
                return count;
        for (i = 0; i < count; i++) {
                int err = write_to_file(file, &records[i]);

                if (err < 0)
                        return i > 0 ? i : err;
        }
        return count;
}

static void file_close(void *device)
{
        struct file *file = device;

        if (file->fd >= 0)
                close(file->fd);
        cop__free(file);
}

int cop__log_file_open(const char *path, size_t size_max, int files_max, void **device,
                       struct log_device *how)
{
        size_t size = path ? strlen(path) : 0;
        struct file *file;
        int err;

        if (size == 0 || size > PATH_MAX - 16)
                return size ? -ENAMETOOLONG : -EINVAL;
        file = cop__alloc_zeroed(sizeof(*file) + size + 1);
        if (!file)
                return -ENOMEM;
        memcpy(file->path, path, size + 1);
        file->size_max = size_max;
        file->files_max = files_max;
        err = open_file(file);
        if (err < 0) {
                cop__free(file);
                return err;
        }
        *device = file;
        *how = (struct log_device){ file_write, file_close };
        return 0;
}
