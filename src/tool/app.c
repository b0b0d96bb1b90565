/*
 * app.c: the applications of a project, each with those that it needs below it. What one needs is read from
 * its resource file, which the build has made.
 */
#include <stdio.h>
#include <string.h>

#include <coppice/match.h>
#include <coppice/text.h>

#include "tool/file.h"
#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { DEPTH_MOST = 50 };

/* The path of the application's file; NULL: the project makes none. */
static const char *find(cop_term files, const char *name)
{
        COP_EACH (file, files)
                if (strcmp(app_name(cop_to_cstring(file)), name) == 0)
                        return cop_to_cstring(file);
        return NULL;
}

/* The applications that it needs; none of one whose file is not there. */
static cop_term needs_of(cop_term files, const char *name)
{
        const char *path = find(files, name), *text;
        cop_term keys, value;
        struct cop_read_result read;
        size_t size;

        if (!path || file_read(path, &text, &size) < 0)
                return cop_nil();
        read = cop_try_read_all(text, size);
        if (read.error[0] || !cop_match(read.term, "[{application, _, Keys}]", &keys))
                return cop_nil();
        for (; cop_is_list(keys) && !cop_is_nil(keys); keys = cop_tail(keys))
                if (cop_match(cop_head(keys), "{applications, List}", &value) && cop_is_list(value))
                        return value;
        return cop_nil();
}

static void print_tree(cop_term files, const char *name, const char *indent, int depth)
{
        cop_term needs = needs_of(files, name);

        for (; !cop_is_nil(needs) && depth < DEPTH_MOST; needs = cop_tail(needs)) {
                const char *below = cop_to_atom_text(cop_head(needs));
                bool is_last = cop_is_nil(cop_tail(needs));

                printf("%s%s %s\n", indent, is_last ? "└──" : "├──", below);
                print_tree(files, below, text_format("%s%s", indent, is_last ? "    " : "│   "),
                           depth + 1);
        }
}

static bool is_needed(cop_term files, const char *name)
{
        COP_EACH (file, files)
                if (cop_is_member(cop_atom(name), needs_of(files, app_name(cop_to_cstring(file)))))
                        return true;
        return false;
}

int tool_app(const struct request *request)
{
        struct project project;
        cop_term files;
        int status;

        if (strcmp(request->words[0], "tree") != 0)
                return complain("cop app cannot do anything with %s; call it so: cop app tree",
                                text_harmless(request->words[0]));
        status = project_find(&project, "show");
        if (status == 0)
                status = project_build(&project, stderr);
        if (status)
                return status;
        files = project_app_files(&project);
        if (cop_is_nil(files))
                return complain("cannot show the applications of %s: its meson.build makes no file "
                                "NAME.app; cop new makes a project that does",
                                project.name);
        COP_EACH (file, files) {
                const char *name = app_name(cop_to_cstring(file));

                if (is_needed(files, name))
                        continue;
                printf("%s\n", name);
                print_tree(files, name, "", 0);
        }
        return TOOL_FINE;
}
