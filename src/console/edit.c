/*
 * edit.c: lines typed at a terminal, and what is shown meanwhile.
 *
 * libedit edits the line. It is opened when somebody is at a terminal, and no program needs it before;
 * where it is not installed, lines are read as the terminal hands them over. Of its header only the few
 * numbers and shapes that never change stand here.
 *
 * The thread that reads waits for the terminal and for an event descriptor, so that what others want to
 * show is written by it, between two keys, and the line drawn again below. While nobody is asked for a line it
 * waits for Ctrl-C; the terminal sends no OS signals then, since those are the whole program's.
 */
#include "console/edit.h"

#include <dlfcn.h>
#include <locale.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/lock.h"
#include "base/sanitizers.h"

/* libedit keeps copies of a key's words that it never gives back. */
#if COP_ASAN
#include <sanitizer/lsan_interface.h>
#define LEAKS(...) (__lsan_disable(), __VA_ARGS__, __lsan_enable())
#else
#define LEAKS(...) (__VA_ARGS__)
#endif

enum { LINE_MOST = 1024 * 1024, CTRL_C = 3, SHOWN_MOST = 64 };

/* ---- libedit, as its manual has it ---- */

enum { EL_PROMPT = 0, EL_EDITOR = 2, EL_SIGNAL = 3, EL_BIND = 4, EL_SETTY = 8, EL_ADDFN = 9 };
enum { EL_HIST = 10, EL_GETCFN = 13, EL_CLIENTDATA = 14, EL_REFRESH = 20 };
enum { CC_NEWLINE = 1, CC_REFRESH = 4, CC_ERROR = 6, CC_REDISPLAY = 8 };
enum { H_SETSIZE = 1, H_ENTER = 10, H_LOAD = 17, H_SAVE = 18, H_SETUNIQUE = 20 };
enum { HISTORY_LINES = 1000 };

struct el_event {
        int number;
        const char *text;
};

struct el_line {
        const char *buffer, *cursor, *end;
};

static struct {
        void *(*init)(const char *program, FILE *in, FILE *out, FILE *error);
        void (*end)(void *el);
        int (*set)(void *el, int what, ...);
        int (*get)(void *el, int what, ...);
        const char *(*gets)(void *el, int *count);
        const struct el_line *(*line)(void *el);
        int (*insert)(void *el, const char *text);
        void *(*history_init)(void);
        void (*history_end)(void *history);
        int (*history)(void *history, struct el_event *event, int what, ...);
} lib;

static bool open_library(void)
{
        void *library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);

        if (!library)
                library = dlopen("libedit.so.0", RTLD_NOW | RTLD_LOCAL);
        if (!library)
                return false;
        *(void **)&lib.init = dlsym(library, "el_init");
        *(void **)&lib.end = dlsym(library, "el_end");
        *(void **)&lib.set = dlsym(library, "el_set");
        *(void **)&lib.get = dlsym(library, "el_get");
        *(void **)&lib.gets = dlsym(library, "el_gets");
        *(void **)&lib.line = dlsym(library, "el_line");
        *(void **)&lib.insert = dlsym(library, "el_insertstr");
        *(void **)&lib.history_init = dlsym(library, "history_init");
        *(void **)&lib.history_end = dlsym(library, "history_end");
        *(void **)&lib.history = dlsym(library, "history");
        return lib.init && lib.end && lib.set && lib.get && lib.gets && lib.line && lib.insert &&
               lib.history_init && lib.history_end && lib.history;
}

/* ---- an editor ---- */

struct editor {
        void *el, *history; /* NULL: there is no libedit */
        int woken;          /* an event descriptor */
        bool is_terminal;
        struct termios before; /* how the terminal was */
        _Atomic(bool) closed, watch_ends;
        bool abandoned;
        const char *prompt;
        char *history_path;
        struct buffer names, line, ahead; /* ahead: typed before it was asked for */

        struct lock lock;
        bool is_editing;       /* under the lock */
        struct buffer pending; /* to be shown; under the lock */
};

static void ring(struct editor *e)
{
        uint64_t one = 1;

        if (write(e->woken, &one, sizeof(one)) < 0)
                return; /* it is ringing already */
}

static void write_all(const char *text, size_t size)
{
        ssize_t done;

        fflush(stdout); /* what the program printed before stands before */
        for (; size > 0; text += done, size -= (size_t)done) {
                done = write(STDOUT_FILENO, text, size);
                if (done < 0)
                        return;
        }
}

void cop__edit_put(struct editor *e, const char *text, size_t size)
{
        bool is_editing;

        cop__lock_take(&e->lock);
        is_editing = e->is_editing;
        if (is_editing)
                cop__buffer_add(&e->pending, text, size);
        cop__lock_give(&e->lock);
        if (is_editing)
                ring(e);
        else
                write_all(text, size);
}

/* From the thread that reads: shows what others have put, and draws the line again below. */
static void show_pending(struct editor *e)
{
        static const char clear[] = "\r\033[K";
        struct buffer text;

        cop__lock_take(&e->lock);
        text = e->pending;
        cop__buffer_init(&e->pending, LINE_MOST);
        cop__lock_give(&e->lock);
        if (text.size > 0) {
                write_all(clear, sizeof(clear) - 1);
                write_all(text.bytes, text.size);
                if (e->el)
                        lib.set(e->el, EL_REFRESH);
                else
                        write_all(e->prompt, strlen(e->prompt));
        }
        cop__buffer_release(&text);
}

static void set_editing(struct editor *e, bool is_editing)
{
        cop__lock_take(&e->lock);
        e->is_editing = is_editing;
        cop__lock_give(&e->lock);
        if (!is_editing)
                show_pending(e);
}

/* ---- the terminal ---- */

/* It sends no OS signals; it edits lines itself, or hands over each key. */
static void set_terminal(struct editor *e, bool edits)
{
        struct termios mode = e->before;

        if (!e->is_terminal)
                return;
        mode.c_lflag &= ~(tcflag_t)ISIG;
        if (edits)
                mode.c_cc[VEOL] = CTRL_C; /* it hands over the line then, too */
        else
                mode.c_lflag &= ~(tcflag_t)ICANON;
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

static void restore_terminal(struct editor *e)
{
        if (e->is_terminal)
                tcsetattr(STDIN_FILENO, TCSADRAIN, &e->before);
}

/* ---- keys ---- */

static void drain(struct editor *e)
{
        uint64_t count;

        if (read(e->woken, &count, sizeof(count)) < 0)
                return;
}

/* The next byte; -1: the end. While it waits, it shows what comes. */
static int next_byte(struct editor *e)
{
        struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { e->woken, POLLIN, 0 } };
        unsigned char byte;

        if (e->ahead.size > 0) {
                byte = (unsigned char)e->ahead.bytes[0];
                memmove(e->ahead.bytes, e->ahead.bytes + 1, --e->ahead.size);
                return byte;
        }
        while (!atomic_load(&e->closed)) {
                if (poll(fds, 2, -1) < 0)
                        continue;
                if (fds[1].revents) {
                        drain(e);
                        show_pending(e);
                }
                if (fds[0].revents)
                        return read(STDIN_FILENO, &byte, 1) == 1 ? byte : -1;
        }
        return -1;
}

static struct editor *editor_of(void *el)
{
        void *editor = NULL;

        lib.get(el, EL_CLIENTDATA, &editor);
        return editor;
}

/* A character, as libedit asks for it: 1, or 0 at the end. */
static int get_character(void *el, wchar_t *character)
{
        struct editor *e = editor_of(el);
        mbstate_t state = { 0 };
        size_t got;

        for (;;) {
                int byte = next_byte(e);
                char c = (char)byte;

                if (byte < 0)
                        return 0;
                got = mbrtowc(character, &c, 1, &state);
                if (got == (size_t)-2)
                        continue;
                if (got == (size_t)-1)
                        *character = (wchar_t)byte;
                return 1;
        }
}

static char *prompt_of(void *el)
{
        return (char *)(uintptr_t)editor_of(el)->prompt;
}

static unsigned char abandon(void *el, int key)
{
        editor_of(el)->abandoned = true;
        write_all("^C\n", 3);
        return CC_NEWLINE;
}

/* ---- completion ---- */

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '@';
}

struct matches {
        size_t count, common; /* letters that all of them begin with */
        const char *first;
};

static struct matches find(struct editor *e, const char *word, size_t size, bool shows)
{
        struct matches m = { 0, 0, NULL };

        for (const char *name = e->names.bytes; name && *name; name += strlen(name) + 1) {
                size_t common = 0;

                if (strncmp(name, word, size) != 0)
                        continue;
                if (!m.first) {
                        m.first = name;
                        m.common = strlen(name);
                }
                while (common < m.common && name[common] == m.first[common])
                        common++;
                m.common = common;
                m.count++;
                if (shows && m.count <= SHOWN_MOST) {
                        write_all(m.count == 1 ? "\n" : "  ", m.count == 1 ? 1 : 2);
                        write_all(name, strlen(name));
                }
        }
        if (shows && m.count > SHOWN_MOST)
                write_all("  ...", 5);
        return m;
}

static unsigned char complete(void *el, int key)
{
        struct editor *e = editor_of(el);
        const struct el_line *line = lib.line(el);
        const char *word = line->cursor;
        struct matches m;
        char more[256];
        size_t size;

        while (word > line->buffer && is_word(word[-1]))
                word--;
        size = (size_t)(line->cursor - word);
        m = find(e, word, size, false);
        if (m.count == 0)
                return CC_ERROR;
        if (m.common > size && m.common - size < sizeof(more)) {
                memcpy(more, m.first + size, m.common - size);
                more[m.common - size] = '\0';
                lib.insert(el, more);
                return CC_REFRESH;
        }
        if (m.count == 1)
                return CC_ERROR;
        find(e, word, size, true);
        write_all("\n", 1);
        return CC_REDISPLAY;
}

void cop__edit_names(struct editor *e, const char *names, size_t size)
{
        cop__buffer_clear(&e->names);
        cop__buffer_add(&e->names, names, size);
        cop__buffer_add(&e->names, "", 1);
}

/* ---- lines ---- */

static enum edited edit_line(struct editor *e, const char **line)
{
        int count = 0;
        const char *got = lib.gets(e->el, &count);
        struct el_event event;

        if (e->abandoned)
                return EDITED_ABANDON;
        if (!got || count <= 0)
                return EDITED_END;
        cop__buffer_clear(&e->line);
        cop__buffer_add(&e->line, got, (size_t)count - (got[count - 1] == '\n'));
        if (e->line.size > 0)
                lib.history(e->history, &event, H_ENTER, e->line.bytes);
        *line = e->line.size ? e->line.bytes : "";
        return EDITED_LINE;
}

/* Without libedit the terminal edits. */
static enum edited read_line(struct editor *e, const char **line)
{
        int byte;

        set_terminal(e, true);
        write_all(e->prompt, strlen(e->prompt));
        cop__buffer_clear(&e->line);
        while ((byte = next_byte(e)) >= 0 && byte != '\n' && byte != CTRL_C)
                cop__buffer_add_char(&e->line, (char)byte);
        if (byte == CTRL_C) {
                write_all("\n", 1);
                return EDITED_ABANDON;
        }
        if (byte < 0 && e->line.size == 0)
                return EDITED_END;
        *line = e->line.size ? e->line.bytes : "";
        return EDITED_LINE;
}

enum edited cop__edit_line(struct editor *e, const char *prompt, const char **line)
{
        enum edited edited;

        e->prompt = prompt;
        e->abandoned = false;
        atomic_store(&e->watch_ends, false);
        set_editing(e, true);
        edited = e->el ? edit_line(e, line) : read_line(e, line);
        set_editing(e, false);
        if (edited == EDITED_END)
                write_all("\n", 1);
        return edited;
}

/* ---- while nobody is asked ---- */

static enum edited watch(struct editor *e, int fd)
{
        struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 },
                                { e->woken, POLLIN, 0 },
                                { fd, POLLIN, 0 } }; /* poll() passes over a negative one */
        char byte;

        while (!atomic_load(&e->closed)) {
                if (atomic_exchange(&e->watch_ends, false))
                        return EDITED_WOKEN;
                if (poll(fds, 3, -1) < 0)
                        continue;
                if (fds[1].revents)
                        drain(e);
                if (fds[2].revents)
                        return EDITED_WOKEN;
                if (!fds[0].revents)
                        continue;
                if (read(STDIN_FILENO, &byte, 1) != 1)
                        return EDITED_END;
                if (byte == CTRL_C)
                        return EDITED_ABANDON;
                cop__buffer_add_char(&e->ahead, byte);
        }
        return EDITED_END;
}

enum edited cop__edit_watch(struct editor *e, int fd)
{
        set_terminal(e, false);
        return watch(e, fd);
}

void cop__edit_wake(struct editor *e)
{
        atomic_store(&e->watch_ends, true);
        ring(e);
}

void cop__edit_close(struct editor *e)
{
        atomic_store(&e->closed, true);
        restore_terminal(e);
        ring(e);
}

/* ---- beginning and end ---- */

static void begin_history(struct editor *e)
{
        const char *home = getenv("HOME");
        struct el_event event;
        size_t size;

        e->history = lib.history_init();
        if (!e->history)
                return;
        lib.history(e->history, &event, H_SETSIZE, HISTORY_LINES);
        lib.history(e->history, &event, H_SETUNIQUE, 1);
        lib.set(e->el, EL_HIST, lib.history, e->history);
        size = home ? strlen(home) + sizeof("/.cop_history") : 0;
        if (!home || !(e->history_path = cop__alloc(size)))
                return;
        snprintf(e->history_path, size, "%s/.cop_history", home);
        lib.history(e->history, &event, H_LOAD, e->history_path);
}

static void begin_library(struct editor *e)
{
        setlocale(LC_CTYPE, ""); /* libedit asks what a character is */
        e->el = lib.init("cop", stdin, stdout, stderr);
        if (!e->el)
                return;
        lib.set(e->el, EL_CLIENTDATA, e);
        lib.set(e->el, EL_PROMPT, prompt_of);
        lib.set(e->el, EL_EDITOR, "emacs");
        lib.set(e->el, EL_SIGNAL, 0);
        lib.set(e->el, EL_GETCFN, get_character);
        lib.set(e->el, EL_SETTY, "-d", "-isig", NULL);
        lib.set(e->el, EL_SETTY, "-x", "-isig", "-icanon", NULL);
        LEAKS(lib.set(e->el, EL_ADDFN, "cop-complete", "completes a name", complete));
        LEAKS(lib.set(e->el, EL_ADDFN, "cop-abandon", "gives up the line", abandon));
        lib.set(e->el, EL_BIND, "^I", "cop-complete", NULL);
        lib.set(e->el, EL_BIND, "^C", "cop-abandon", NULL);
        begin_history(e);
}

struct editor *cop__edit_new(void)
{
        struct editor *e = cop__alloc_zeroed(sizeof(*e));

        if (!e)
                return NULL;
        e->woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (e->woken < 0) {
                cop__free(e);
                return NULL;
        }
        cop__buffer_init(&e->names, LINE_MOST);
        cop__buffer_init(&e->line, LINE_MOST);
        cop__buffer_init(&e->ahead, LINE_MOST);
        cop__buffer_init(&e->pending, LINE_MOST);
        e->is_terminal = tcgetattr(STDIN_FILENO, &e->before) == 0;
        set_terminal(e, false);
        if (open_library())
                begin_library(e);
        return e;
}

void cop__edit_free(struct editor *e)
{
        struct el_event event;

        if (e->history && e->history_path)
                lib.history(e->history, &event, H_SAVE, e->history_path);
        if (e->el)
                lib.end(e->el);
        if (e->history)
                lib.history_end(e->history);
        restore_terminal(e);
        cop__free(e->history_path);
        close(e->woken);
        cop__buffer_release(&e->names);
        cop__buffer_release(&e->line);
        cop__buffer_release(&e->ahead);
        cop__buffer_release(&e->pending);
        cop__free(e);
}
