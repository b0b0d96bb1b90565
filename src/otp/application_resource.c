/*
 * application_resource.c: what a resource file has in it: of the program's applications, and of files.
 *
 * The texts of a COP_APPLICATION are read each time it is asked for, which is when it is loaded. Files are
 * looked for by name, as the directories are listed.
 */
#include "otp/application.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <coppice/memory.h>
#include <coppice/text.h>

#include "base/utf8.h"

cop_term cop__characters(const char *text)
{
        const char *end = text + strlen(text);
        cop_term list = cop_nil();
        int32_t rune;

        while (text < end && (rune = cop__utf8_next(&text, end)) != RUNE_NONE)
                list = cop_cons(cop_int(rune), list);
        return cop_reverse(list);
}

/* ---- keys ---- */

/* All of OTP's, in OTP's order, and what they are where nothing is said. */
static const char *const defaults[][2] = {
        { "description", "[]" },
        { "id", "[]" },
        { "vsn", "[]" },
        { "modules", "[]" },
        { "maxP", "infinity" },
        { "maxT", "infinity" },
        { "registered", "[]" },
        { "included_applications", "[]" },
        { "optional_applications", "[]" },
        { "applications", "[]" },
        { "env", "[]" },
        { "mod", "[]" },
        { "start_phases", "undefined" },
};

enum { KEYS = sizeof(defaults) / sizeof(defaults[0]) };

cop_term cop__application_key(cop_term keys, const char *key)
{
        COP_EACH (pair, keys)
                if (cop_is_tuple(pair) && cop_tuple_size(pair) == 2 &&
                    cop_is(cop_element(pair, 0), key))
                        return cop_element(pair, 1);
        return COP_NONE;
}

static bool is_proper(cop_term list)
{
        while (cop_is_list(list) && !cop_is_nil(list))
                list = cop_tail(list);
        return cop_is_nil(list);
}

static bool are_atoms(cop_term list)
{
        if (!is_proper(list))
                return false;
        COP_EACH (element, list)
                if (!cop_is_atom(element))
                        return false;
        return true;
}

static bool are_pairs(cop_term list)
{
        if (!is_proper(list))
                return false;
        COP_EACH (element, list)
                if (!cop_match(element, "{_, _}") || !cop_is_atom(cop_element(element, 0)))
                        return false;
        return true;
}

static bool is_right(const char *key, cop_term value)
{
        if (strstr(key, "applications"))
                return are_atoms(value);
        if (strcmp(key, "env") == 0)
                return are_pairs(value);
        if (strcmp(key, "start_phases") == 0)
                return cop_is(value, "undefined") || is_proper(value);
        return true;
}

cop_term cop__application_keys(cop_term name, cop_term list, cop_term *wrong)
{
        cop_term pairs[KEYS], value;
        size_t i;

        if (!is_proper(list)) {
                *wrong = cop_build("{invalid_options, X}", list);
                return COP_NONE;
        }
        for (i = 0; i < KEYS; i++) {
                value = cop__application_key(list, defaults[i][0]);
                if (cop_is_none(value))
                        value = cop_read(defaults[i][1]);
                if (!is_right(defaults[i][0], value)) {
                        *wrong = cop_build("{invalid_options, {Key, X}}", cop_atom(defaults[i][0]),
                                           value);
                        return COP_NONE;
                }
                pairs[i] = cop_build("{Key, Value}", cop_atom(defaults[i][0]), value);
        }
        value = cop__application_key(list, "mod");
        if (!cop_is_none(value) && !cop_is_nil(value) &&
            !(cop_match(value, "{_, _}") && cop_is_atom(cop_element(value, 0)))) {
                *wrong = cop_build("{badstartspec, X}", value);
                return COP_NONE;
        }
        return cop_list(KEYS, pairs);
}

/* ---- the program's ---- */

/* Where the file of a place is: up to the last slash, and with it. */
static size_t directory_size(const char *file)
{
        const char *slash = strrchr(file, '/');

        return slash ? (size_t)(slash - file) + 1 : 0;
}

/* How much of the file's directory is the application's; -1: it is somewhere else. */
static long nearness(const struct cop_application *application, const char *file)
{
        size_t size = directory_size(application->place.file);

        return strncmp(application->place.file, file, size) == 0 ? (long)size : -1;
}

static bool is_own(const struct cop_application *application, const struct cop_module *module)
{
        long near = nearness(application, module->place.file);
        const struct cop_application *other = NULL;

        if (near < 0 || strncmp(module->name, "cop_", 4) == 0)
                return false;
        while ((other = cop__application_next(other)))
                if (nearness(other, module->place.file) > near)
                        return false;
        return true;
}

static cop_term modules_of(const struct cop_application *application)
{
        const struct cop_module *module = NULL;
        cop_term list = cop_nil();

        while ((module = cop__module_next(module)))
                if (is_own(application, module))
                        list = cop_cons(cop_atom(module->name), list);
        return cop_sort(list);
}

static cop_term parse(const char *key, const char *text, cop_term *wrong)
{
        struct cop_read_result read = cop_try_read(text, strlen(text));

        if (!*read.error)
                return read.term;
        *wrong = cop_build("{bad_text, Key, Line, Column, Message}", cop_atom(key), read.line,
                           read.column, read.error);
        return cop_nil();
}

static void put(cop_term *list, const char *key, cop_term value)
{
        *list = cop_cons(cop_build("{Key, Value}", cop_atom(key), value), *list);
}

static void put_characters(cop_term *list, const char *key, const char *text)
{
        if (text)
                put(list, key, cop__characters(text));
}

static void put_text(cop_term *list, const char *key, const char *text, cop_term *wrong)
{
        if (text)
                put(list, key, parse(key, text, wrong));
}

static cop_term applications_of(const struct cop_application *application, cop_term *wrong)
{
        cop_term coppice = cop_atom("coppice"), list = cop_nil();

        if (application->applications)
                list = parse("applications", application->applications, wrong);
        return cop_is_list(list) && is_proper(list) && !cop_is_member(coppice, list)
                       ? cop_cons(coppice, list)
                       : list;
}

static cop_term resource(const struct cop_application *application, cop_term names, cop_term *wrong)
{
        const struct cop_application *a = application;
        cop_term list = cop_nil(), name = cop_atom(a->name), argument;

        put_characters(&list, "description", a->description);
        put_characters(&list, "id", a->id);
        put_characters(&list, "vsn", a->vsn);
        put(&list, "modules", modules_of(a));
        put(&list, "registered", names);
        put(&list, "applications", applications_of(a, wrong));
        put_text(&list, "optional_applications", a->optional_applications, wrong);
        put_text(&list, "included_applications", a->included_applications, wrong);
        put_text(&list, "env", a->env, wrong);
        if (a->start.fn || a->start.root) {
                argument = a->argument ? parse("argument", a->argument, wrong) : cop_nil();
                put(&list, "mod", cop_build("{Name, Argument}", name, argument));
        }
        put_text(&list, "start_phases", a->start_phases, wrong);
        if (a->max_ms)
                put(&list, "maxT", cop_int(a->max_ms));
        return cop_is_none(*wrong) ? cop_build("{application, Name, List}", name, cop_reverse(list))
                                   : COP_NONE;
}

cop_term cop__application_resource(const struct cop_application *application, cop_term *wrong)
{
        cop_term names = cop_nil();

        if (application->registered)
                names = parse("registered", application->registered, wrong);
        return resource(application, names, wrong);
}

cop_term cop__application_whole(const struct cop_application *application, cop_term *wrong)
{
        cop_term names = cop_nil(), more, all = cop_nil();

        if (application->registered)
                names = parse("registered", application->registered, wrong);
        *wrong = cop__plan(application, NULL, &more);
        if (!cop_is_none(*wrong))
                return COP_NONE;
        COP_EACH (name, more)
                if (!cop_is_member(name, names))
                        names = cop_cons(name, names);
        all = cop_sort(names);
        return resource(application, all, wrong);
}

/* ---- files ---- */

static char *read_all(int fd, size_t *size)
{
        size_t room = 4096;
        char *text = cop_alloc(room);
        ssize_t n;

        *size = 0;
        while ((n = read(fd, text + *size, room - *size)) > 0) {
                *size += (size_t)n;
                if (*size == room)
                        text = cop_realloc(text, room *= 2);
        }
        if (n == 0)
                return text;
        cop_free(text);
        return NULL;
}

/* Its text, to be freed; NULL and *error is the number. */
static char *read_file(const char *path, size_t *size, int *error)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *text;

        if (fd < 0) {
                *error = errno;
                return NULL;
        }
        cop_own_fd(fd);
        text = read_all(fd, size);
        *error = text ? 0 : errno;
        cop_disown_fd(fd);
        close(fd);
        return text;
}

static cop_term file_error(int error, const char *path)
{
        const char *slash = strrchr(path, '/');

        return cop_build("{Why, File}",
                         cop__characters(error == ENOENT ? "no such file or directory"
                                                         : strerrordesc_np(error)),
                         cop__characters(slash ? slash + 1 : path));
}

cop_term cop__file_terms(const char *path, cop_term *wrong)
{
        struct cop_read_result read;
        size_t size;
        char *text;
        int error;

        text = read_file(path, &size, &error);
        if (!text) {
                *wrong = file_error(error, path);
                return COP_NONE;
        }
        read = cop_try_read_all(text, size);
        cop_free(text);
        if (!*read.error)
                return read.term;
        *wrong = cop_build("{bad_text, Line, Column, Message}", read.line, read.column, read.error);
        return COP_NONE;
}

/* What a file may have in it. */
static cop_term judge(cop_term terms)
{
        cop_term resource = terms, name, list;

        cop_match(terms, "[Resource]", &resource);
        if (!cop_match(resource, "{application, Name, List}", &name, &list))
                return cop_build("{error, {bad_application, X}}", resource);
        if (!cop_is_atom(name))
                return cop_build("{error, {invalid_name, X}}", name);
        if (!cop_is_list(list))
                return cop_build("{error, {invalid_options, X}}", list);
        return cop_build("{ok, Resource}", resource);
}

cop_term cop_application_read(const char *path)
{
        cop_term wrong = COP_NONE, terms = cop__file_terms(path, &wrong);

        return cop_is_none(terms) ? cop_build("{error, Reason}", wrong) : judge(terms);
}

/* DIRECTORY/NAME.app in the memory of the turn. */
static const char *path_of(const char *directory, size_t size, const char *name)
{
        cop_term path = cop_nil();
        size_t room = size + strlen(name) + 8;
        char *text = cop_alloc(room);

        snprintf(text, room, "%.*s/%s.app", (int)size, directory, name);
        path = cop_text(text);
        cop_free(text);
        return cop_to_cstring(path);
}

cop_term cop__application_look(cop_term name)
{
        const char *directories = getenv("COP_APPLICATION_PATH"), *path = NULL;
        size_t size;

        if (!directories || !*directories)
                directories = ".";
        for (;; directories += size + 1) {
                size = strcspn(directories, ":");
                path = path_of(directories, size, cop_to_atom_text(name));
                if (access(path, F_OK) == 0 || !directories[size])
                        return cop_application_read(path);
        }
}
