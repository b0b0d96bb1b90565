/*
 * programs.c: which programs a project has. meson writes that down in meson-info, in the build
 * directory, for tools like this one.
 */
#include <stddef.h>
#include <string.h>

#include "tool/file.h"
#include "tool/json.h"
#include "tool/project.h"
#include "tool/text.h"

static cop_term read_info(const struct project *project, const char *name)
{
        const char *path = text_format("%s/meson-info/%s", project->build, name);
        const char *text;
        size_t size;
        int err = file_read(path, &text, &size);
        cop_term info;

        if (err < 0) {
                complain("cannot find the programs of %s: %s: %s; remove the directory build and "
                         "try again",
                         project->name, path, text_errno(err));
                return COP_NONE;
        }
        info = json_read(text);
        if (cop_is_none(info) || !cop_is_list(info)) {
                complain("cannot find the programs of %s: %s is not what meson writes; remove the "
                         "directory build and try again",
                         project->name, path);
                return COP_NONE;
        }
        return info;
}

cop_term project_tests(const struct project *project)
{
        return read_info(project, "intro-tests.json");
}

/* The first of the element's texts, such as a command's program; "" where there is none. */
static const char *first_text(cop_term object, const char *key)
{
        cop_term list = json_list(object, key);

        return cop_is_nil(list) || !cop_is_binary(cop_head(list)) ? ""
                                                                  : cop_to_cstring(cop_head(list));
}

static bool is_test(cop_term tests, const char *path)
{
        COP_EACH (test, tests)
                if (strcmp(first_text(test, "cmd"), path) == 0)
                        return true;
        return false;
}

cop_term project_programs(const struct project *project)
{
        cop_term targets = read_info(project, "intro-targets.json");
        cop_term tests, programs = cop_nil();

        if (cop_is_none(targets))
                return COP_NONE;
        tests = project_tests(project);
        if (cop_is_none(tests))
                return COP_NONE;
        COP_EACH (target, targets) {
                const char *type = json_text(target, "type");
                const char *path = first_text(target, "filename");

                if (type && strcmp(type, "executable") == 0 && *path && !is_test(tests, path))
                        programs = cop_cons(cop_text(path), programs);
        }
        return cop_reverse(programs);
}
