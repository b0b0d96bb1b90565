/*
 * attach.c: a prompt in a program that runs already.
 *
 * The console is in the program (coppice/console.h); here is only the terminal, or the pipe, that its lines
 * come from.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coppice/match.h>

#include "console/edit.h"
#include "console/node.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { LINE_MOST = 1024 * 1024, BLOCK = 65536, GONE = -1 };

struct attached {
        int fd;
        struct editor *editor; /* NULL: standard input is no terminal */
        struct buffer come;
        int status; /* GONE: not known yet */
};

/* ---- to the program ---- */

static bool send_term(struct attached *a, cop_term term)
{
        struct buffer frame;
        size_t at = 0;
        ssize_t done = 0;

        cop__buffer_init(&frame, FRAME_MOST);
        cop__frame_add(&frame, term);
        for (; at < frame.size; at += (size_t)done) {
                done = send(a->fd, frame.bytes + at, frame.size - at, MSG_NOSIGNAL);
                if (done < 0)
                        break;
        }
        cop__buffer_release(&frame);
        return at > 0 && done > 0;
}

/* ---- lines ---- */

static bool send_line(struct attached *a, const char *line)
{
        return send_term(a, cop_build("{line, L}", line));
}

static bool type_line(struct attached *a, const char *prompt, cop_term names)
{
        const char *line;

        cop__edit_names(a->editor, (const char *)cop_to_bytes(names), cop_byte_size(names));
        switch (cop__edit_line(a->editor, prompt, &line)) {
        case EDITED_LINE:
                return send_line(a, line);
        case EDITED_ABANDON:
                return send_term(a, cop_build("abandon"));
        default:
                return send_term(a, cop_build("eof"));
        }
}

static bool read_line(struct attached *a)
{
        static char line[LINE_MOST];
        size_t size;

        if (!fgets(line, sizeof(line), stdin))
                return send_term(a, cop_build("eof"));
        size = strlen(line);
        if (size > 0 && line[size - 1] == '\n')
                line[size - 1] = '\0';
        return send_line(a, line);
}

/* ---- from the program ---- */

static void show(struct attached *a, cop_term text)
{
        const char *bytes = (const char *)cop_to_bytes(text);

        if (a->editor) {
                cop__edit_put(a->editor, bytes, cop_byte_size(text));
                return;
        }
        fwrite(bytes, 1, cop_byte_size(text), stdout);
        fflush(stdout);
}

/* False: it is over. */
static bool take(struct attached *a, cop_term term)
{
        cop_term text, names;
        int64_t status;

        if (cop_match(term, "{said, Text}", &text)) {
                show(a, text);
                return true;
        }
        if (cop_match(term, "{read, Prompt, Names}", &text, &names))
                return a->editor ? type_line(a, cop_to_cstring(text), names) : read_line(a);
        if (cop_match(term, "{exit, Status}", &status))
                a->status = (int)(status & 255);
        return false;
}

/* Waits for more. False: there will be none. */
static bool receive(struct attached *a)
{
        char *to;
        ssize_t got;

        while (a->editor) {
                enum edited edited = cop__edit_watch(a->editor, a->fd);

                if (edited == EDITED_WOKEN)
                        break;
                if (edited == EDITED_END)
                        return false;
                cop__edit_put(a->editor, "\n", 1); /* behind the ^C that the terminal shows */
                if (!send_term(a, cop_build("interrupt")))
                        return false;
        }
        to = cop__buffer_extend(&a->come, BLOCK);
        got = to ? recv(a->fd, to, BLOCK, 0) : 0;
        a->come.size -= to ? BLOCK - (got > 0 ? (size_t)got : 0) : 0;
        return got > 0;
}

static int talk(struct attached *a)
{
        bool is_wrong = false, goes_on = true;

        while (goes_on && !is_wrong && receive(a)) {
                cop_term term;

                while (goes_on && !cop_is_none(term = cop__frame_take(&a->come, &is_wrong)))
                        goes_on = take(a, term);
        }
        return a->status;
}

/* ---- finding it ---- */

static int complain_of_nobody(const char *node, int err)
{
        char directory[200], *names = text_copy("", 0);
        struct dirent *entry;
        DIR *nodes;

        cop__node_directory(directory, sizeof(directory));
        nodes = opendir(directory);
        while (nodes && (entry = readdir(nodes)))
                if (entry->d_name[0] != '.')
                        names = text_format("%s%s%s", names, *names ? ", " : "",
                                            text_harmless(entry->d_name));
        if (nodes)
                closedir(nodes);
        return complain(
                "cannot attach to %s: %s; %s%s", text_harmless(node), text_errno(err),
                *names ? "those that have said a name are "
                       : "no program of yours has said a name, as with COP_NODE=NAME in its "
                         "environment",
                names);
}

int tool_attach(const struct request *request)
{
        const char *node = request->words[0];
        struct attached a = { .status = GONE };
        struct sockaddr_un address;

        if (!cop__node_address(&address, node))
                return complain_of_nobody(node, EINVAL);
        a.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (a.fd < 0 || connect(a.fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return complain_of_nobody(node, errno);
        cop__buffer_init(&a.come, 2 * FRAME_MOST);
        if (isatty(STDIN_FILENO))
                a.editor = cop__edit_new();
        if (send_term(&a, cop_build("{hello, Is}", cop_bool(a.editor != NULL))))
                talk(&a);
        if (a.editor)
                cop__edit_free(a.editor);
        cop__buffer_release(&a.come);
        close(a.fd);
        if (a.status == GONE)
                return complain("%s has ended, and with it the console; see what it has reported",
                                text_harmless(node));
        return a.status;
}
