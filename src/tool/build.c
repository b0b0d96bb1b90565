/*
 * build.c: meson where there is no build directory yet, then ninja.
 *
 * What ninja writes is taken apart. Its progress, which NINJA_STATUS marks, becomes a line that is
 * written over on a terminal, and nothing elsewhere. Commands that failed and ninja's own remarks
 * are left out, so that what is seen is what the compiler says. What meson says when it looks at a
 * changed meson.build again is held back, and shown only where that fails.
 *
 * Order     One cop at a time builds a project: it has the lock of its directory meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "tool/file.h"
#include "tool/json.h"
#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

#define MARK "[cop "

enum { HELD_MOST = 1 << 20, COLUMNS = 79 };

struct progress {
        bool on_terminal;
        bool has_built;
        bool skips_next;    /* the command that failed */
        bool is_meson;      /* meson speaks, until ninja does again */
        struct buffer held; /* what meson said */
};

/* --- what has to be there ----------------------------------------------------------------------
 */

struct need {
        const char *what;
        const char *variable; /* of the environment, that names another; or NULL */
        const char *names[4]; /* one of these will do */
        const char *package;  /* of Debian */
};

static const struct need needs[] = {
        { "a C compiler", "CC", { "cc", "gcc", "clang" }, "build-essential" },
        { "meson", NULL, { "meson" }, "meson" },
        { "ninja", "NINJA", { "ninja", "ninja-build", "samu" }, "ninja-build" },
        { "pkg-config", "PKG_CONFIG", { "pkg-config", "pkgconf" }, "pkg-config" },
};

/* The name under which it is there; NULL: it is not. */
static const char *find_need(const struct need *need)
{
        const char *given = need->variable ? getenv(need->variable) : NULL;
        int i;

        if (given && *given) {
                given = text_copy(given, strcspn(given, " "));
                return child_is_there(given) ? given : NULL;
        }
        for (i = 0; need->names[i]; i++)
                if (child_is_there(need->names[i]))
                        return need->names[i];
        return NULL;
}

/* *ninja becomes the name of ninja here. */
static int check_needs(const struct project *project, const char **ninja)
{
        const char *missing = "", *packages = "";
        size_t i, count = 0;

        for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
                const char *name = find_need(&needs[i]);

                if (name && strcmp(needs[i].what, "ninja") == 0)
                        *ninja = name;
                if (name)
                        continue;
                missing = text_format("%s%s%s", missing, count ? ", " : "", needs[i].what);
                packages = text_format("%s %s", packages, needs[i].package);
                count++;
        }
        if (count == 0)
                return 0;
        return complain("cannot build %s: %s %s not found on the PATH; install %s, on Debian and "
                        "Ubuntu so: sudo apt-get install%s",
                        project->name, missing, count > 1 ? "are" : "is", count > 1 ? "them" : "it",
                        packages);
}

/* --- meson -------------------------------------------------------------------------------------
 */

static void hold(void *context, const char *line, size_t size)
{
        struct buffer *held = context;

        cop__buffer_add(held, line, size);
        cop__buffer_add_char(held, '\n');
}

/* What meson found wrong, which is the end of what it said; its files are named from the root. */
static void show_error(const struct buffer *held)
{
        const char *said = held->bytes, *error, *end;

        if (!said)
                return;
        end = said + held->size;
        error = strstr(said, "ERROR: ");
        while (error && error > said && error[-1] != '\n')
                error--;
        if (error && strstr(error, "\nA full log can be found"))
                end = strstr(error, "\nA full log can be found") + 1;
        if (error && strncmp(error, "../", 3) == 0)
                error += 3;
        if (!error)
                error = said;
        while (end > error && end[-1] == '\n')
                end--;
        fflush(stdout);
        fprintf(stderr, "%.*s\n", (int)(end - error), error);
}

static int say_meson_failed(const struct project *project, const struct buffer *held)
{
        show_error(held);
        if (held->bytes && strstr(held->bytes, "Dependency \"coppice"))
                return complain("cannot build %s: meson did not find Coppice; install it (make "
                                "install), or put the directory of coppice.pc into PKG_CONFIG_PATH",
                                project->name);
        return complain("cannot build %s: meson says above what is wrong; correct it and try again",
                        project->name);
}

/* Was the build directory made for another place? meson and ninja would build there. */
static bool has_moved(const struct project *project)
{
        const char *info, *build;
        size_t size;

        if (file_read(text_format("%s/meson-info/meson-info.json", project->build), &info, &size) <
            0)
                return false;
        build = json_text(json_get(json_read(info), "directories"), "build");
        return build && strcmp(build, project->build) != 0;
}

static int set_up(const struct project *project)
{
        const char *arguments[8] = { "meson", "setup", project->build, project->root };
        struct buffer held;
        struct child child = { .arguments = arguments,
                               .settings = &project->settings,
                               .line = hold,
                               .context = &held };
        int status;

        if (access(text_format("%s/build.ninja", project->build), F_OK) == 0) {
                if (!has_moved(project))
                        return 0;
                arguments[4] = "--wipe";
        } else if (project->counts) {
                arguments[4] = "-Db_coverage=true";
                arguments[5] = "-Doptimization=0"; /* each line is a line of its own */
        }
        if (access(project->root, W_OK) < 0)
                return complain("cannot build %s: its directory %s takes no files: %s; build a "
                                "copy of it elsewhere",
                                project->name, project->root, text_errno(errno));
        cop__buffer_init(&held, HELD_MOST);
        status = child_run(&child);
        if (status < 0)
                status = complain("cannot build %s: meson does not start: %s; see whether it is "
                                  "installed well",
                                  project->name, text_errno(status));
        else if (status > 0)
                status = say_meson_failed(project, &held);
        cop__buffer_release(&held);
        return status;
}

/* --- ninja -------------------------------------------------------------------------------------
 */

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

static void clear_line(const struct progress *p)
{
        if (p->on_terminal)
                fputs("\r\033[K", stderr);
}

/*
 * A line of the compiler. It runs in the build directory and names files from there; here they are
 * named from the root of the project, so the ../ before a file's name is left out.
 */
static void show_line(const struct progress *p, const char *line)
{
        const char *up = strstr(line, "../");
        size_t path = up ? strcspn(up, ": ") : 0;

        clear_line(p);
        if (up && up[path] == ':' && (up == line || strchr(" mK", up[-1])))
                fprintf(stderr, "%.*s%s\n", (int)(up - line), line, up + 3);
        else
                fprintf(stderr, "%s\n", line);
}

static void show_progress(struct progress *p, const char *line)
{
        p->is_meson = strstr(line, "Regenerating build files");
        if (!p->is_meson)
                p->has_built = true;
        if (p->on_terminal)
                fprintf(stderr, "\r\033[K[%.*s", COLUMNS - 1, line + strlen(MARK));
}

/* Does ninja say that a command failed? It may say so in colours. */
static bool is_failure(const char *line)
{
        if (begins(line, "\033["))
                line += strcspn(line, "m") + (line[strcspn(line, "m")] == 'm');
        return begins(line, "FAILED: ");
}

static void take_line(void *context, const char *line, size_t size)
{
        struct progress *p = context;

        if (p->skips_next) {
                p->skips_next = false;
        } else if (begins(line, MARK)) {
                show_progress(p, line);
        } else if (is_failure(line)) {
                p->skips_next = true;
        } else if (begins(line, "ninja: ")) {
                if (begins(line, "ninja: error: ") && p->is_meson) {
                        clear_line(p);
                        show_error(&p->held);
                } else if (begins(line, "ninja: error: ") || begins(line, "ninja: warning: ")) {
                        show_line(p, line);
                }
                p->is_meson = false;
        } else if (p->is_meson) {
                hold(&p->held, line, size);
        } else {
                show_line(p, line);
        }
}

static int run_ninja(struct project *project, const char *ninja, struct progress *p)
{
        const char *arguments[] = { ninja, "-C", project->build, NULL };
        struct child child = { .arguments = arguments,
                               .settings = &project->settings,
                               .line = take_line,
                               .context = p };
        int status;

        settings_add(&project->settings, "NINJA_STATUS=" MARK "%f/%t] ");
        if (p->on_terminal)
                settings_add(&project->settings, "CLICOLOR_FORCE=1"); /* the compiler's colours */
        status = child_run(&child);
        clear_line(p);
        if (status == 0)
                return 0;
        if (status < 0)
                return complain("cannot build %s: ninja does not start: %s; see whether it is "
                                "installed well",
                                project->name, text_errno(status));
        return complain("cannot build %s: what is wrong stands above; correct it and try again",
                        project->name);
}

/* Waits until no other cop builds the project. Where there are no locks there is no order. */
static int lock(const struct project *project)
{
        int fd = open(project->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
                return fd;
        if (errno == EWOULDBLOCK) {
                fprintf(stderr, "Waiting for another cop that builds %s\n", project->name);
                while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
                        continue;
        }
        return fd;
}

/* Each application, or else the project. */
static void say_generated(const struct project *project, FILE *chat)
{
        cop_term files = project_app_files(project);

        COP_EACH (file, files)
                fprintf(chat, "Generated %s app\n", app_name(cop_to_cstring(file)));
        if (cop_is_nil(files))
                fprintf(chat, "Generated %s\n", project->name);
}

int project_build(struct project *project, FILE *chat)
{
        struct progress progress = { .on_terminal = isatty(STDERR_FILENO) };
        const char *ninja = NULL;
        int status, locked;

        status = check_needs(project, &ninja);
        if (status)
                return status;
        cop__buffer_init(&progress.held, HELD_MOST);
        locked = lock(project);
        status = set_up(project);
        if (status == 0)
                status = run_ninja(project, ninja, &progress);
        if (locked >= 0)
                close(locked);
        cop__buffer_release(&progress.held);
        if (status == 0 && progress.has_built)
                say_generated(project, chat);
        return status;
}
