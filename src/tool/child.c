/*
 * child.c: spawns, and reads what comes until nobody can write any more.
 */
#include "tool/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "tool/text.h"

void settings_add(struct settings *settings, const char *setting)
{
        if (settings->count < SETTINGS_MOST)
                settings->added[settings->count++] = setting;
}

static bool has_name_of(const char *setting, const char *other)
{
        size_t size = strcspn(setting, "=") + 1;

        return strncmp(setting, other, size) == 0;
}

/* Does a newer setting from this place on have the same name? */
static bool is_replaced(const struct settings *settings, int from, const char *setting)
{
        int i;

        for (i = from; i < settings->count; i++)
                if (has_name_of(settings->added[i], setting))
                        return true;
        return false;
}

/* The environment with the settings, the caller's to free; NULL: no memory. */
static const char **environment_new(const struct settings *settings)
{
        static const struct settings none;
        const char **made;
        size_t n = 0, i;

        if (!settings)
                settings = &none;
        while (environ[n])
                n++;
        made = cop__alloc_array(n + (size_t)settings->count + 1, sizeof(*made));
        if (!made)
                return NULL;
        for (i = n = 0; environ[i]; i++)
                if (!is_replaced(settings, 0, environ[i]))
                        made[n++] = environ[i];
        for (i = 0; i < (size_t)settings->count; i++)
                if (!is_replaced(settings, (int)i + 1, settings->added[i]))
                        made[n++] = settings->added[i];
        made[n] = NULL;
        return made;
}

/* Hands on all whole lines, and at the end the rest. */
static void hand_on(const struct child *child, struct buffer *got, bool at_end)
{
        const char *at = got->bytes, *end = got->bytes + got->size;
        size_t left;

        while (at && at < end) {
                char *stop = memchr(at, '\n', (size_t)(end - at));

                if (!stop && !at_end)
                        break;
                if (stop)
                        *stop = '\0';
                else
                        stop = got->bytes + got->size;
                child->line(child->context, at, (size_t)(stop - at));
                at = stop + 1;
        }
        left = at && at < end ? (size_t)(end - at) : 0;
        if (left > 0)
                memmove(got->bytes, at, left);
        got->size = left;
}

static void read_lines(const struct child *child, int from)
{
        enum { LINE_MOST = 1 << 24, STEP = 1 << 16 };
        struct buffer got;
        ssize_t n;

        cop__buffer_init(&got, LINE_MOST);
        for (;;) {
                size_t before = got.size;
                char *room = cop__buffer_extend(&got, STEP);

                if (!room) {
                        hand_on(child, &got, true); /* a line without an end */
                        got.failed = false;
                        room = cop__buffer_extend(&got, STEP);
                        before = 0;
                        if (!room)
                                break;
                }
                do {
                        n = read(from, room, STEP);
                } while (n < 0 && errno == EINTR);
                got.size = before + (n > 0 ? (size_t)n : 0);
                got.bytes[got.size] = '\0';
                hand_on(child, &got, n <= 0);
                if (n <= 0)
                        break;
        }
        cop__buffer_release(&got);
}

static int spawn(const struct child *child, pid_t *pid, int output)
{
        posix_spawn_file_actions_t actions;
        const char **environment = environment_new(child->settings);
        int err;

        if (!environment)
                return -ENOMEM;
        err = posix_spawn_file_actions_init(&actions);
        if (err)
                goto undo_environment;
        if (child->directory)
                err = posix_spawn_file_actions_addchdir_np(&actions, child->directory);
        if (!err && output >= 0)
                err = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (!err && output >= 0)
                err = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        if (!err)
                err = posix_spawnp(pid, child->arguments[0], &actions, NULL,
                                   (char *const *)child->arguments, (char *const *)environment);
        posix_spawn_file_actions_destroy(&actions);
undo_environment:
        cop__free(environment);
        return -err;
}

int child_run(const struct child *child)
{
        int ends[2] = { -1, -1 };
        pid_t pid = -1;
        int status, err;

        if (!child->arguments[0])
                return -EINVAL;
        fflush(NULL);
        if (child->line && pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        err = spawn(child, &pid, ends[1]);
        if (ends[1] >= 0)
                close(ends[1]);
        if (err == 0 && child->line)
                read_lines(child, ends[0]);
        if (ends[0] >= 0)
                close(ends[0]);
        if (err < 0)
                return err;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_become(const struct child *child)
{
        const char **environment = environment_new(child->settings);
        int err;

        if (!environment)
                return -ENOMEM;
        fflush(NULL);
        execve(child->arguments[0], (char *const *)child->arguments, (char *const *)environment);
        err = -errno;
        cop__free(environment);
        return err;
}

bool child_is_there(const char *name)
{
        const char *at = getenv("PATH");

        if (strchr(name, '/'))
                return access(name, X_OK) == 0;
        while (at && *at) {
                size_t size = strcspn(at, ":");

                if (access(text_format("%.*s/%s", (int)size, at, name), X_OK) == 0)
                        return true;
                at += size + (at[size] == ':');
        }
        return false;
}
