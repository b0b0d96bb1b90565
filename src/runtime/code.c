/*
 * code.c: tables of address ranges and of functions, made at the start.
 *
 * objects   The executable parts of the program and its libraries, as the loader lists them. What is
 *           loaded while the runtime runs is foreign until cop_killable() looks again.
 * own       Coppice may be linked into the program's own text, and there is no range of its own
 *           there. So it is compiled with -fpatchable-function-entry, for which the compiler lists
 *           the entry of each function in a section. A function is told by where it begins, which the
 *           unwind tables know; no function of ours has a part elsewhere (see meson.build).
 * known     Functions of the C library, found by name once. An unwinder gives where the function really
 *           begins: memcpy is one of a dozen, chosen by processor, and dladdr() knows no name for it.
 *
 * Why not dl_iterate_phdr() or dladdr() when it is needed: they take the loader's lock, which the
 * process that faulted may be holding.
 *
 * LIMIT: in a program that is linked statically nothing can be told apart, so no fault in it is
 * contained.
 */
#include "runtime/code.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include <coppice/containment.h>
#include <coppice/match.h>
#include <coppice/term.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "base/sanitizers.h"
#include "runtime/switch.h"

enum {
        OBJECTS_MOST = 512,
        NAME_SIZE = 48,
};

struct object {
        uintptr_t low, high;
        uintptr_t base; /* what addresses in its file count from */
        enum code code;
        char name[NAME_SIZE];
};

/* Does not change once it is published. */
struct objects {
        struct objects *older; /* freed at the stop: somebody may be reading it */
        unsigned count;
        struct object at[OBJECTS_MOST];
};

struct known {
        uintptr_t function;
        unsigned flags;
};

/* ---- names ---- */

struct name {
        const char *name;
        unsigned flags;
};

/* Every name is looked for; what this C library does not have is left out. */
static const struct name names[] = {
#define PURE(name)   { #name, KNOWN_PURE },
#define ABORT(name)  { #name, KNOWN_ABORT },
#define CALL(name)   { #name, KNOWN_CALL },
#define STREAM(name) { #name, KNOWN_STREAM }, { "__" #name "_chk", KNOWN_STREAM },
#define MEMORY(name) { #name, KNOWN_IN_MEMORY }, { "__" #name "_chk", KNOWN_IN_MEMORY },
        /* clang-format off */
        PURE(memcpy) PURE(memmove) PURE(memset) PURE(memcmp) PURE(memchr) PURE(memrchr) PURE(memmem)
        PURE(mempcpy) PURE(rawmemchr) PURE(bcmp) PURE(strlen) PURE(strnlen) PURE(strcpy) PURE(strncpy)
        PURE(stpcpy) PURE(stpncpy) PURE(strcat) PURE(strncat) PURE(strcmp) PURE(strncmp)
        PURE(strcasecmp) PURE(strncasecmp) PURE(strchr) PURE(strrchr) PURE(strchrnul) PURE(strstr)
        PURE(strcasestr) PURE(strspn) PURE(strcspn) PURE(strpbrk) PURE(strsep) PURE(strtok_r)
        PURE(wcslen) PURE(wcscpy) PURE(wcscmp) PURE(wmemcpy) PURE(wmemset)
        PURE(strtol) PURE(strtoul) PURE(strtoll) PURE(strtoull) PURE(strtod) PURE(strtof)
        PURE(atoi) PURE(atol) PURE(atoll) PURE(atof)
        PURE(__memcpy_chk) PURE(__memmove_chk) PURE(__memset_chk) PURE(__mempcpy_chk)
        PURE(__strcpy_chk) PURE(__strcat_chk) PURE(__stpcpy_chk) PURE(__strncpy_chk)
        ABORT(abort) ABORT(__assert_fail) ABORT(__assert_perror_fail) ABORT(__assert) ABORT(raise)
        ABORT(__stack_chk_fail) ABORT(__chk_fail) ABORT(__fortify_fail)
        ABORT(__cxa_throw) ABORT(__cxa_rethrow) ABORT(_ZSt9terminatev) ABORT(__cxa_pure_virtual)
        ABORT(__cxa_bad_cast) ABORT(__cxa_bad_typeid) ABORT(__cxa_call_terminate)
        CALL(read) CALL(write) CALL(readv) CALL(writev) CALL(pread) CALL(pwrite) CALL(recv) CALL(send)
        CALL(recvfrom) CALL(sendto) CALL(recvmsg) CALL(sendmsg) CALL(accept) CALL(accept4) CALL(connect)
        CALL(poll) CALL(ppoll) CALL(select) CALL(pselect) CALL(epoll_wait) CALL(epoll_pwait)
        CALL(nanosleep) CALL(clock_nanosleep) CALL(sleep) CALL(usleep) CALL(pause) CALL(sigsuspend)
        CALL(waitpid) CALL(wait) CALL(wait4) CALL(waitid) CALL(fsync) CALL(fdatasync) CALL(flock)
        CALL(sched_yield) CALL(syscall) CALL(open) CALL(openat) CALL(getrandom) CALL(futex)
        STREAM(printf) STREAM(fprintf) STREAM(vprintf) STREAM(vfprintf) STREAM(fwrite) STREAM(fputs)
        STREAM(puts) STREAM(fputc) STREAM(putc) STREAM(putchar) STREAM(fread) STREAM(fgets)
        STREAM(fgetc) STREAM(getc) STREAM(getchar) STREAM(fscanf) STREAM(scanf) STREAM(getline)
        MEMORY(snprintf) MEMORY(vsnprintf) MEMORY(sprintf) MEMORY(vsprintf)
        MEMORY(sscanf) MEMORY(vsscanf) MEMORY(__isoc99_sscanf) MEMORY(__isoc99_vsscanf)
        /* clang-format on */
};

/* Functions of ours in which a bad pointer or a wild term of the caller's shows. */
static const void *const readers[] = {
        cop_binary,   cop_text,         cop_bits,      cop_find_atom, cop_is,
        cop__to_int,  cop__to_uint,     cop__to_float, cop__to_bool,  cop__to_pid,
        cop__to_ref,  cop__to_cstring,  cop__element,  cop__head,     cop__tail,
        cop_to_bytes, cop_to_atom_text, cop_is_int,    cop_is_float,  cop_is_binary,
        cop_is_tuple, cop_is_list,      cop_is_map,    cop_is_pid,    cop_is_ref,
        cop_is_bits,  cop_is_number,    cop_byte_size, cop_bit_size,  cop_tuple_size,
        cop_length,   cop_equal,        cop_compare,   cop_hash,      cop_map_size,
        cop_map_find, cop_map_get,      cop_map_key,   cop_map_value, cop_is_member,
        cop_tuple,    cop_list,         cop__match,    cop__build,
};

enum {
        NAMES = sizeof(names) / sizeof(names[0]),
        READERS = sizeof(readers) / sizeof(readers[0]),
};

/* ---- the tables ---- */

/* Where the marks of our functions lie; none where the compiler has no such option. */
extern const uintptr_t __start___patchable_function_entries[]
        __attribute__((weak, visibility("hidden")));
extern const uintptr_t __stop___patchable_function_entries[]
        __attribute__((weak, visibility("hidden")));

/* switch_*.S */
extern const char cop__switch_begin[], cop__switch_end[];

static struct {
        struct lock lock;
        _Atomic(struct objects *) objects;
        /* Set once before start. */
        uintptr_t *own;
        size_t own_count;
        struct known known[4 * NAMES + READERS];
        size_t known_count;
} code;

/* ---- objects ---- */

static bool has_name(const char *path, const char *start)
{
        const char *slash = strrchr(path, '/');

        return strncmp(slash ? slash + 1 : path, start, strlen(start)) == 0;
}

static bool is_program_static(void)
{
        return dlsym(RTLD_NEXT, "abort") == NULL;
}

static enum code code_of_object(const struct dl_phdr_info *info, bool is_first)
{
        if (is_first)
                return is_program_static() ? CODE_FOREIGN : CODE_USER;
        if (has_name(info->dlpi_name, "libc.so"))
                return CODE_C;
        if ((COP_ASAN || COP_TSAN) &&
            (has_name(info->dlpi_name, "libasan.so") || has_name(info->dlpi_name, "libtsan.so") ||
             has_name(info->dlpi_name, "libubsan.so")))
                return CODE_CHECKER;
        if (has_name(info->dlpi_name, "libm.so") || has_name(info->dlpi_name, "linux-vdso"))
                return CODE_MATH;
        return CODE_FOREIGN;
}

static bool has_address(const struct object *object, uintptr_t pc)
{
        return pc >= object->low && pc < object->high;
}

static void name_object(struct object *object, const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;

        if (!*name)
                name = program_invocation_short_name;
        memcpy(object->name, name, strnlen(name, NAME_SIZE - 1));
}

static int add_object(struct dl_phdr_info *info, size_t size, void *argument)
{
        struct objects *objects = argument;
        enum code kind = code_of_object(info, objects->count == 0);

        for (int i = 0; i < info->dlpi_phnum && objects->count < OBJECTS_MOST; i++) {
                const ElfW(Phdr) *part = &info->dlpi_phdr[i];
                struct object *object = &objects->at[objects->count];

                if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
                        continue;
                object->low = info->dlpi_addr + part->p_vaddr;
                object->high = object->low + part->p_memsz;
                object->base = info->dlpi_addr;
                object->code = kind;
                name_object(object, info->dlpi_name);
                if (kind == CODE_FOREIGN && has_address(object, (uintptr_t)add_object))
                        object->code = CODE_OWN;
                objects->count++;
        }
        return 0;
}

/* Those that were named stay named. */
static void keep_named(struct objects *objects, const struct objects *older)
{
        for (unsigned i = 0; older && i < older->count; i++)
                for (unsigned j = 0; j < objects->count; j++)
                        if (older->at[i].code == CODE_USER &&
                            older->at[i].low == objects->at[j].low)
                                objects->at[j].code = CODE_USER;
}

/* Lists the objects anew, and calls the one with this address the user's. Under the lock. */
static int list_objects(uintptr_t named)
{
        struct objects *objects = cop__alloc_zeroed(sizeof(*objects));

        if (!objects)
                return -ENOMEM;
        objects->older = atomic_load_explicit(&code.objects, memory_order_relaxed);
        dl_iterate_phdr(add_object, objects);
        keep_named(objects, objects->older);
        for (unsigned i = 0; i < objects->count; i++)
                if (has_address(&objects->at[i], named))
                        objects->at[i].code = CODE_USER;
        /* pairs with the acquire in find_object */
        atomic_store_explicit(&code.objects, objects, memory_order_release);
        return 0;
}

static const struct object *find_object(uintptr_t pc)
{
        const struct objects *objects;

        /* pairs with the release in list_objects */
        objects = atomic_load_explicit(&code.objects, memory_order_acquire);
        for (unsigned i = 0; objects && i < objects->count; i++)
                if (has_address(&objects->at[i], pc))
                        return &objects->at[i];
        return NULL;
}

bool cop_killable(const void *function)
{
        bool done;

        if (!cop__code_is_there((uintptr_t)function)) {
                cop__lock_take(&code.lock);
                list_objects(0);
                cop__lock_give(&code.lock);
        }
        if (!cop__code_is_there((uintptr_t)function))
                return false;
        cop__lock_take(&code.lock);
        done = list_objects((uintptr_t)function) == 0;
        cop__lock_give(&code.lock);
        return done;
}

/* ---- functions ---- */

static int compare_addresses(const void *a, const void *b)
{
        uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

        return (x > y) - (x < y);
}

static int list_own(void)
{
        const uintptr_t *start = __start___patchable_function_entries;
        size_t count = start ? (size_t)(__stop___patchable_function_entries - start) : 0;

        code.own = cop__alloc_array(count ? count : 1, sizeof(*code.own));
        if (!code.own)
                return -ENOMEM;
        if (count)
                memcpy(code.own, start, count * sizeof(*code.own));
        qsort(code.own, count, sizeof(*code.own), compare_addresses);
        code.own_count = count;
        return 0;
}

static void note_known(uintptr_t function, unsigned flags)
{
        code.known[code.known_count].function = function;
        code.known[code.known_count++].flags = flags;
}

/* Where a branch that is no call goes, if there is one here; else 0. */
static uintptr_t branch_at(uintptr_t at)
{
        uint32_t word;
        int32_t offset;

#if defined(__x86_64__)
        if (*(const uint8_t *)at != 0xe9)
                return 0;
        memcpy(&offset, (const void *)(at + 1), sizeof(offset));
        (void)word;
        return at + 1 + sizeof(offset) + (uintptr_t)(intptr_t)offset;
#else
        if (at % sizeof(word) != 0)
                return 0;
        memcpy(&word, (const void *)at, sizeof(word));
        if (word >> 26 != 5)
                return 0;
        offset = (int32_t)(word << 6) >> 4;
        return at + (uintptr_t)(intptr_t)offset;
#endif
}

enum { SHIM_BYTES = 48 };

/*
 * vsnprintf() and its like do little but jump to a function that has no name and does it: it is that one
 * which is seen on the stack. A target counts if it is just where a function of the same library
 * begins, which no stray byte is.
 */
static uintptr_t jumps_to(uintptr_t function)
{
        const struct object *object = find_object(function);

        for (uintptr_t at = function; object && at < function + SHIM_BYTES; at++) {
                uintptr_t to = at + 8 < object->high ? branch_at(at) : 0;

                if (to && has_address(object, to) &&
                    (uintptr_t)_Unwind_FindEnclosingFunction((char *)to + 1) == to)
                        return to;
        }
        return 0;
}

static void add_known(const void *function, unsigned flags)
{
        uintptr_t begin, target;

        if (!function)
                return;
        begin = (uintptr_t)_Unwind_FindEnclosingFunction((char *)function + 1);
        begin = begin ? begin : (uintptr_t)function;
        note_known(begin, flags);
        target = flags & (KNOWN_IN_MEMORY | KNOWN_STREAM) ? jumps_to(begin) : 0;
        if (target)
                note_known(target, flags);
}

static void list_known(void)
{
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

        code.known_count = 0;
        for (size_t i = 0; i < NAMES; i++) {
                add_known(dlsym(RTLD_DEFAULT, names[i].name), names[i].flags);
                if (libc) /* somebody else may stand before it: a sanitizer does */
                        add_known(dlsym(libc, names[i].name), names[i].flags);
        }
        if (libc)
                dlclose(libc);
        for (size_t i = 0; i < READERS; i++)
                add_known(readers[i], KNOWN_READER);
        qsort(code.known, code.known_count, sizeof(code.known[0]), compare_addresses);
}

/* ---- questions ---- */

/* The number of elements below `least` in a sorted array, each beginning with an address. */
static size_t count_below(const void *array, size_t count, size_t size, uintptr_t least)
{
        size_t low = 0;

        while (low < count) {
                size_t middle = low + (count - low) / 2;

                if (*(const uintptr_t *)((const char *)array + middle * size) < least)
                        low = middle + 1;
                else
                        count = middle;
        }
        return low;
}

/* Where a function's mark is: it has one word before it where calls through pointers must land. */
static uintptr_t mark_of(uintptr_t function)
{
#if defined(__x86_64__)
        const uint32_t landing = 0xfa1e0ff3; /* endbr64 */
#else
        const uint32_t landing = 0xd503245f; /* bti c */
#endif
        uint32_t first;

        memcpy(&first, (const void *)function, sizeof(first));
        return first == landing ? function + sizeof(first) : function;
}

static bool is_own(uintptr_t function)
{
        uintptr_t mark = mark_of(function);
        size_t at = count_below(code.own, code.own_count, sizeof(*code.own), mark);

        return at < code.own_count && code.own[at] == mark;
}

static bool is_switch(uintptr_t pc)
{
        return pc >= (uintptr_t)cop__switch_begin && pc < (uintptr_t)cop__switch_end;
}

enum code cop__code_of(uintptr_t pc, uintptr_t function)
{
        const struct object *object = find_object(pc);

        if (!object || !function)
                return CODE_FOREIGN;
        if (is_switch(function))
                return CODE_SWITCH;
        if (is_own(function))
                return CODE_OWN;
        return object->code;
}

unsigned cop__code_known(uintptr_t function)
{
        size_t at = count_below(code.known, code.known_count, sizeof(code.known[0]), function);
        unsigned flags = 0;

        /* Two names may be one function. */
        while (at < code.known_count && code.known[at].function == function)
                flags |= code.known[at++].flags;
        return flags;
}

bool cop__code_is_there(uintptr_t pc)
{
        return find_object(pc) != NULL;
}

bool cop__code_is_beside(uintptr_t one, uintptr_t other)
{
        const struct object *object = find_object(one);

        return object && object == find_object(other);
}

uintptr_t cop__code_place(uintptr_t pc, const char **name)
{
        const struct object *object = find_object(pc);

        *name = object ? object->name : NULL;
        return object ? pc - object->base : pc;
}

bool cop__code_is_first(uintptr_t function)
{
        return function == (uintptr_t)cop__switch_start;
}

/* ---- start and stop ---- */

int cop__code_start(void)
{
        int err;

        cop__lock_take(&code.lock);
        err = list_objects(0);
        if (!err)
                err = list_own();
        if (!err)
                list_known();
        cop__lock_give(&code.lock);
        if (err)
                cop__code_stop();
        return err;
}

void cop__code_stop(void)
{
        struct objects *objects = atomic_load_explicit(&code.objects, memory_order_relaxed);

        atomic_store_explicit(&code.objects, NULL, memory_order_relaxed);
        while (objects) {
                struct objects *older = objects->older;

                cop__free(objects);
                objects = older;
        }
        cop__free(code.own);
        code.own = NULL;
        code.own_count = 0;
        code.known_count = 0;
}
