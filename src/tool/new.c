/*
 * new.c: makes a project of a template: sprout in names and texts becomes the project's name.
 *
 * Invariant After an error there is nothing that was not there before: what was made is removed
 *           again, the newest first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/file.h"
#include "tool/subcommand.h"
#include "tool/template.h"
#include "tool/text.h"

enum { SUP, UMBRELLA }; /* the options, in the table's order */

enum { NAME_MOST = 60, MADE_MOST = 64 };

struct made {
        const char *paths[MADE_MOST];
        int count;
};

/* What C and its compilers have taken, what meson takes for itself, and what is Coppice's. */
/* clang-format off */
static const char *const reserved[] = {
        "alignas", "alignof", "all", "asm", "auto", "benchmark", "bool", "break", "case",
        "char", "clean", "const", "constexpr", "continue", "cop", "coppice", "coverage",
        "cscope", "ctags", "default", "dist", "do", "double", "else", "enum", "errno",
        "extern", "false", "float", "for", "goto", "i386", "if", "inline", "install", "int",
        "linux", "long", "main", "nullptr", "reconfigure", "register", "restrict", "return",
        "short", "signed", "sizeof", "static", "static_assert", "struct", "switch", "tags",
        "test", "thread_local", "true", "typedef", "typeof", "uninstall", "union", "unix",
        "unsigned", "void", "volatile", "while",
        NULL,
};
/* clang-format on */

static bool is_reserved(const char *name)
{
        int i;

        for (i = 0; reserved[i]; i++)
                if (strcmp(reserved[i], name) == 0)
                        return true;
        return strncmp(name, "cop_", 4) == 0;
}

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_name(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

        return is_lower(*name) && !name[strspn(name, letters)] && strlen(name) <= NAME_MOST;
}

/* A name that would do, and is like this one; NULL: none is. */
static const char *proposal(const char *name)
{
        char proposed[NAME_MOST + 1];
        size_t n = 0;

        for (; *name && n < NAME_MOST; name++) {
                char c = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;

                if (is_lower(c) || (c >= '0' && c <= '9' && n > 0))
                        proposed[n++] = c;
                else if (n > 0 && proposed[n - 1] != '_')
                        proposed[n++] = '_';
        }
        while (n > 0 && proposed[n - 1] == '_')
                n--;
        proposed[n] = '\0';
        if (n == 0 || is_reserved(proposed))
                return NULL;
        return text_copy(proposed, n);
}

static int check_name(const char *name)
{
        const char *proposed;

        if (is_name(name) && is_reserved(name))
                return complain("cannot make %s: the name has a meaning of its own in C, meson or "
                                "Coppice; choose another, such as my_%s",
                                name, strncmp(name, "cop_", 4) == 0 ? name + 4 : name);
        if (is_name(name))
                return 0;
        if (strlen(name) > NAME_MOST)
                return complain("cannot make %.20s...: the name has more than %d characters; "
                                "choose a shorter one",
                                text_harmless(name), NAME_MOST);
        proposed = proposal(name);
        return complain("cannot make '%s': a name is a lowercase letter, and then lowercase "
                        "letters, digits and underscores; choose such a one%s%s",
                        text_harmless(name), proposed ? ", perhaps " : "",
                        proposed ? proposed : "");
}

static void unmake(const struct made *made)
{
        int i;

        for (i = made->count - 1; i >= 0; i--)
                if (unlink(made->paths[i]) < 0)
                        rmdir(made->paths[i]);
}

static int keep(struct made *made, const char *path)
{
        if (made->count == MADE_MOST)
                return -ENOSPC;
        made->paths[made->count++] = path;
        return 0;
}

/* Makes the directories of a path below the project's, those that are not there. */
static int make_directories(struct made *made, const char *path, size_t root)
{
        const char *slash = path + root;

        while ((slash = strchr(slash + 1, '/'))) {
                const char *directory = text_copy(path, (size_t)(slash - path));

                if (mkdir(directory, 0777) == 0) {
                        if (keep(made, directory) < 0)
                                return -ENOSPC;
                } else if (errno != EEXIST) {
                        return -errno;
                }
        }
        return 0;
}

static const char *upper(const char *name)
{
        char *copy = text_copy(name, strlen(name));
        char *at;

        for (at = copy; *at; at++)
                if (is_lower(*at))
                        *at = (char)(*at & ~0x20);
        return copy;
}

/* *path becomes where the file is. */
static int make_file(struct made *made, const struct template_file *file, const char *directory,
                     const char *name, const char **path)
{
        size_t size = strlen(file->path);
        const char *text;
        int err;

        *path = text_format("%s/%s", directory, text_replace(file->path, &size, "sprout", name));
        err = make_directories(made, *path, strlen(directory));
        if (err < 0)
                return err;
        size = file->size;
        text = text_replace(file->text, &size, "sprout", name);
        text = text_replace(text, &size, "SPROUT", upper(name));
        err = file_write_new(*path, text, size);
        return err < 0 ? err : keep(made, *path);
}

static int make_project(const char *template, const char *directory, const char *name)
{
        struct made made = { .count = 0 };
        const struct template_file *file;
        const char *path = directory;
        int i, err = 0;

        if (mkdir(directory, 0777) < 0)
                err = -errno;
        else
                keep(&made, directory);
        for (file = template_files; err == 0 && file->template; file++)
                if (strcmp(file->template, template) == 0)
                        err = make_file(&made, file, directory, name, &path);
        if (err == -EEXIST)
                return complain("cannot make %s: something of that name is there already; choose "
                                "another name, or remove it",
                                text_harmless(directory));
        if (err < 0) {
                unmake(&made);
                return complain("cannot make %s: %s; nothing was left there: go where you may "
                                "write, and try again",
                                text_harmless(path), text_errno(err));
        }
        for (i = 1; i < made.count; i++)
                printf("* creating %s\n", made.paths[i] + strlen(directory) + 1);
        return TOOL_FINE;
}

/* A path as a shell takes it for one word. */
static const char *quoted(const char *path)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_./-+,:@%"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        size_t size = strlen(path);

        if (!path[strspn(path, plain)])
                return path;
        return text_format("'%s'", text_replace(path, &size, "'", "'\\''"));
}

static const char *template_of(const struct request *request)
{
        if (request->values[UMBRELLA])
                return "umbrella";
        return request->values[SUP] ? "sup" : "plain";
}

int tool_new(const struct request *request)
{
        const char *given = request->words[0];
        size_t size = strlen(given);
        const char *directory, *name;
        int status;

        while (size > 1 && given[size - 1] == '/')
                size--;
        directory = text_copy(given, size);
        name = strrchr(directory, '/') ? strrchr(directory, '/') + 1 : directory;
        status = check_name(name);
        if (status == 0)
                status = make_project(template_of(request), directory, name);
        if (status)
                return status;
        printf("\nThe project %s is there:\n\n    cd %s\n    cop test\n    cop run\n\n"
               "cop help says what else cop does.\n",
               name, quoted(directory));
        return TOOL_FINE;
}
