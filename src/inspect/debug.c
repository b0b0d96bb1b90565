/*
 * debug.c: one session with libdw for the whole program, and the places of addresses.
 *
 * session   Opened at the first question: the list of what is mapped comes from /proc, each file is
 *           opened, and its debug information found (in it, or by its build id or debug link beside
 *           it), when a question first leads there. Kept for the life of the program; when the
 *           loader says that it has loaded something since, the list is read again.
 * frames    Of the functions around an address the innermost is the one whose line the line table
 *           has; each function it was inlined into has the line of the call.
 *
 * What was mapped and is no more stays listed, since types that were made of its debug information
 * refer to it. A file that was replaced on the disk while it runs is not the one that is mapped, and
 * /proc says so: then nothing is known of it.
 *
 * Why not dl_iterate_phdr() in place of /proc: it does not say when a file was replaced.
 *
 * LIMIT: debug information that is damaged so that libdw faults ends the program, as any fault in a
 * library does. Debug servers are not asked: a report does not wait for the network.
 */
#include "inspect/debug.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/lock.h"
#include "inspect/debug_dw.h"

static struct {
        struct lock lock;
        Dwfl *dwfl;
        unsigned long long loaded; /* how many objects the loader had loaded at the last look */
        bool failed;
} session;

/* ---- the session ---- */

static int find_debug_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                           const char *file, const char *link, GElf_Word checksum, char **found)
{
        const char *servers = getenv("DEBUGINFOD_URLS");
        int fd =
                dwfl_build_id_find_debuginfo(module, data, name, base, file, link, checksum, found);

        if (fd >= 0 || (servers && *servers))
                return fd;
        return dwfl_standard_find_debuginfo(module, data, name, base, file, link, checksum, found);
}

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                    char **file, Elf **elf)
{
        return dwfl_linux_proc_find_elf(module, data, name, base, file, elf);
}

static const Dwfl_Callbacks callbacks = {
        .find_elf = find_elf,
        .find_debuginfo = find_debug_file,
};

static int note_loaded(struct dl_phdr_info *info, size_t size, void *loaded)
{
        *(unsigned long long *)loaded = info->dlpi_adds;
        return 1;
}

static bool list_modules(Dwfl *dwfl)
{
        int err = dwfl_linux_proc_report(dwfl, getpid());

        return dwfl_report_end(dwfl, NULL, NULL) == 0 && err == 0;
}

Dwfl *cop__debug_enter(void)
{
        bool known = cop__dw_load();
        unsigned long long loaded = 0;

        dl_iterate_phdr(note_loaded, &loaded); /* its lock first, as libdw may want it as well */
        cop__lock_take(&session.lock);
        if (session.failed || (session.dwfl && session.loaded == loaded))
                return session.dwfl;
        if (!session.dwfl) {
                session.dwfl = known ? dwfl_begin(&callbacks) : NULL;
                session.failed = !session.dwfl || !list_modules(session.dwfl);
        } else {
                dwfl_report_begin_add(session.dwfl);
                list_modules(session.dwfl);
        }
        session.loaded = loaded;
        if (session.failed && session.dwfl) {
                dwfl_end(session.dwfl);
                session.dwfl = NULL;
        }
        return session.dwfl;
}

void cop__debug_leave(void)
{
        cop__lock_give(&session.lock);
}

unsigned long long cop__debug_age(void)
{
        return session.loaded;
}

/* clang writes no table of addresses (.debug_aranges), so there all units are gone through. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
        Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

        if (unit)
                return unit;
        while ((unit = dwfl_module_nextcu(module, unit, bias)))
                if (dwarf_haspc(unit, address - *bias) > 0)
                        return unit;
        return NULL;
}

Dwarf_Die *cop__debug_unit(Dwfl *dwfl, uintptr_t address, Dwarf_Addr *bias)
{
        Dwfl_Module *module = dwfl ? dwfl_addrmodule(dwfl, address) : NULL;

        return module ? find_unit(module, address, bias) : NULL;
}

struct visit {
        bool (*fn)(void *context, Dwfl_Module *module);
        void *context;
        Dwfl_Module *first;
};

static int visit_module(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                        void *argument)
{
        const struct visit *visit = argument;

        if (module == visit->first)
                return DWARF_CB_OK;
        return visit->fn(visit->context, module) ? DWARF_CB_OK : DWARF_CB_ABORT;
}

void cop__debug_modules(Dwfl *dwfl, bool (*fn)(void *context, Dwfl_Module *module), void *context)
{
        struct visit visit = { fn, context, dwfl_addrmodule(dwfl, getauxval(AT_ENTRY)) };

        if (!visit.first || fn(context, visit.first))
                dwfl_getmodules(dwfl, visit_module, &visit, 0);
}

/* ---- texts ---- */

void cop__debug_name(char *to, const char *name)
{
        size_t size = name ? strnlen(name, FRAME_TEXT - 1) : 0;

        if (size > 0)
                memcpy(to, name, size);
        to[size] = '\0';
}

/* A file as the compiler was told of it, without the directory in which it was called. */
static void name_file(char *to, const char *file, const char *directory)
{
        size_t size = directory ? strlen(directory) : 0;

        if (size > 0 && strncmp(file, directory, size) == 0 && file[size] == '/')
                file += size + 1;
        while (strncmp(file, "../", 3) == 0)
                file += 3;
        cop__debug_name(to, file);
}

static const char *directory_of(Dwarf_Die *unit)
{
        Dwarf_Attribute attribute;

        return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

/* ---- frames ---- */

struct scopes {
        Dwarf_Die *unit;
        Dwarf_Die *at;
        int count;
};

/* The functions around an address, inlined ones too, the innermost first. at is to be freed. */
static struct scopes find_scopes(Dwarf_Die *unit, Dwarf_Addr address)
{
        struct scopes scopes = { .unit = unit };
        Dwarf_Die *inner = NULL;

        if (dwarf_getscopes(unit, address, &inner) > 0) {
                scopes.count = dwarf_getscopes_die(&inner[0], &scopes.at);
                if (scopes.count < 0)
                        scopes.count = 0;
        }
        free(inner);
        return scopes;
}

static void add_called_from(struct frame *frame, struct scopes *scopes, Dwarf_Die *call)
{
        Dwarf_Attribute attribute;
        Dwarf_Word file = 0, line = 0;
        Dwarf_Files *files;
        const char *name;

        dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attribute), &line);
        dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attribute), &file);
        if (dwarf_getsrcfiles(scopes->unit, &files, NULL) != 0)
                return;
        name = dwarf_filesrc(files, file, NULL, NULL);
        if (!name)
                return;
        name_file(frame->file, name, directory_of(scopes->unit));
        frame->line = (int)line;
}

static void add_line(struct frame *frame, Dwarf_Die *unit, Dwarf_Addr address)
{
        Dwarf_Line *line = dwarf_getsrc_die(unit, address);
        const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;

        if (!file)
                return;
        name_file(frame->file, file, directory_of(unit));
        dwarf_lineno(line, &frame->line);
}

/* The first frame has its line. Returns how many there are. */
static size_t add_functions(struct scopes *scopes, struct frame *frames, size_t most)
{
        size_t count = 0;

        for (int i = 0; i < scopes->count && count < most; i++) {
                Dwarf_Die *scope = &scopes->at[i];
                int tag = dwarf_tag(scope);

                if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
                        continue;
                cop__debug_name(frames[count++].function, dwarf_diename(scope));
                if (tag == DW_TAG_subprogram)
                        break;
                if (count < most) {
                        frames[count] = frames[0];
                        frames[count].function[0] = frames[count].file[0] = '\0';
                        frames[count].line = 0;
                        add_called_from(&frames[count], scopes, scope);
                }
        }
        return count;
}

static size_t add_frames(Dwfl *dwfl, uintptr_t address, struct frame *frames, size_t most)
{
        Dwfl_Module *module = dwfl ? dwfl_addrmodule(dwfl, address) : NULL;
        struct scopes scopes;
        Dwarf_Addr bias = 0;
        Dwarf_Die *unit;
        size_t count;

        if (!module)
                return 1;
        if (frames[0].function[0] == '\0')
                cop__debug_name(frames[0].function, dwfl_module_addrname(module, address));
        unit = find_unit(module, address, &bias);
        if (!unit)
                return 1;
        add_line(&frames[0], unit, address - bias);
        scopes = find_scopes(unit, address - bias);
        count = add_functions(&scopes, frames, most);
        free(scopes.at);
        return count ? count : 1;
}

size_t cop__debug_frames(uintptr_t address, struct frame *frames, size_t most)
{
        Dwfl *dwfl;
        size_t count;

        cop__debug_plain_frame(address, &frames[0]);
        dwfl = cop__debug_enter();
        count = add_frames(dwfl, address, frames, most);
        cop__debug_leave();
        return count;
}
