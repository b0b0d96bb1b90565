/*
 * project.c: where the project is, and where Coppice is.
 *
 * cop stands in the directory of programs of the Coppice it was installed with, so it finds the
 * rest of it from there, wherever that is, also after all of it was moved. A cop that stands
 * elsewhere, as in the directory it was built in, leaves it to pkg-config.
 */
#include "tool/project.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coppice-config.h"
#include "tool/file.h"
#include "tool/subcommand.h"
#include "tool/text.h"

/* What stands behind project( at the beginning of a line, without its quotes; NULL: none does. */
static const char *name_in(const char *text)
{
        const char *at;
        size_t size;

        for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
                if (strncmp(at, "project", 7) != 0 || at[7 + strspn(at + 7, " \t")] != '(')
                        continue;
                at += strcspn(at, "(") + 1;
                for (;;) { /* a comment may stand before the name */
                        at += strspn(at, " \t\r\n");
                        if (*at != '#')
                                break;
                        at += strcspn(at, "\n");
                }
                if (*at != '\'')
                        return "";
                size = strcspn(at + 1, "'\n");
                return text_copy(at + 1, size);
        }
        return NULL;
}

/* The project's name if the directory has one; NULL otherwise. */
static const char *name_at(const char *directory)
{
        const char *text;
        size_t size;

        if (file_read(text_format("%s/meson.build", directory), &text, &size) < 0)
                return NULL;
        return name_in(text);
}

/* Coppice's own place, told to pkg-config. */
static void find_coppice(struct settings *settings)
{
        static const char end[] = "/" COP_BINDIR "/cop";
        const char *libraries = COP_LIBDIR, *before = getenv("PKG_CONFIG_PATH");
        char own[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
        size_t prefix;

        if (n < (ssize_t)sizeof(end) - 1)
                return;
        own[n] = '\0';
        prefix = (size_t)n - (sizeof(end) - 1);
        if (strcmp(own + prefix, end) != 0)
                return;
        if (libraries[0] != '/')
                libraries = text_format("%.*s/%s", (int)prefix, own, libraries);
        settings_add(settings, text_format("PKG_CONFIG_PATH=%s/pkgconfig%s%s", libraries,
                                           before && *before ? ":" : "", before ? before : ""));
}

int project_find(struct project *project, const char *what)
{
        char directory[PATH_MAX];
        char *slash;

        memset(project, 0, sizeof(*project));
        if (!getcwd(directory, sizeof(directory)))
                return complain("cannot %s: the current directory: %s; go to one that is there",
                                what, text_errno(errno));
        while (!(project->name = name_at(*directory ? directory : "/"))) {
                slash = strrchr(directory, '/');
                if (!slash || !*directory)
                        return complain("cannot %s: there is no project here: no meson.build with "
                                        "a project() in this directory or one above it; go to a "
                                        "project, or make one: cop new NAME",
                                        what);
                *slash = '\0';
        }
        if (!*project->name)
                project->name = "the project";
        project->root = *directory ? text_copy(directory, strlen(directory)) : "/";
        project->build = text_format("%s/build", directory);
        find_coppice(&project->settings);
        return 0;
}
