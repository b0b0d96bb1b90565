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

const char *project_compiler(const struct project *project)
{
        cop_term targets = read_info(project, "intro-targets.json");

        if (cop_is_none(targets))
                return "cc";
        COP_EACH (target, targets)
                COP_EACH (part, json_list(target, "target_sources")) {
                        cop_term words = cop_reverse(json_list(part, "compiler"));

                        /* A program may stand before it, such as ccache. */
                        if (!cop_is_nil(words) && cop_is_binary(cop_head(words)))
                                return cop_to_cstring(cop_head(words));
                }
        return "cc";
}

static bool ends_in_app(const char *path)
{
        size_t size = strlen(path);

        return size > 4 && strcmp(path + size - 4, ".app") == 0;
}

cop_term project_app_files(const struct project *project)
{
        cop_term targets = read_info(project, "intro-targets.json"), files = cop_nil();

        if (cop_is_none(targets))
                return files;
        COP_EACH (target, targets) {
                const char *type = json_text(target, "type");
                const char *path = first_text(target, "filename");

                if (type && strcmp(type, "custom") == 0 && ends_in_app(path))
                        files = cop_cons(cop_text(path), files);
        }
        return cop_reverse(files);
}

const char *app_name(const char *path)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        return text_copy(name, strlen(name) - strlen(".app"));
}

bool project_is_application(const struct project *project, const char *what)
{
        COP_EACH (file, project_app_files(project))
                if (strcmp(app_name(cop_to_cstring(file)), project->name) == 0)
                        return true;
        complain("cannot %s %s: its meson.build makes no %s.app, so it is no application; cop new "
                 "makes a project that is one",
                 what, project->name, project->name);
        return false;
}

static const char *name_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

const char *project_program(const struct project *project)
{
        cop_term programs = project_programs(project);
        const char *names = "", *path = NULL;
        int count = 0;

        if (cop_is_none(programs))
                return NULL;
        COP_EACH (program, programs) {
                path = cop_to_cstring(program);
                if (strcmp(name_of(path), project->name) == 0)
                        return path;
                names = text_format("%s%s%s", names, count ? ", " : "", name_of(path));
                count++;
        }
        if (count == 1)
                return path;
        if (count == 0)
                complain("cannot run %s: its meson.build makes no program but tests; add an "
                         "executable()",
                         project->name);
        else
                complain("cannot run %s: of its programs (%s) none is called as the project; start "
                         "the one you mean from %s",
                         project->name, names, project->build);
        return NULL;
}
