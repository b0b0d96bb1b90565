/*
 * read.c: files of terms, printed as they could be written again.
 */
#include <coppice/term.h>
#include <coppice/text.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "tool/file.h"
#include "tool/subcommand.h"
#include "tool/text.h"

/* Far more than configurations have: a file of the user's own is not an attack. */
enum { NEW_ATOMS_MOST = 500000, WORDS_MOST = 1 << 28 };

enum { SHOWN_MOST = 200 };

/* The line with the error, and under it a mark at the column. */
static void show_place(const char *text, size_t size, const struct cop_read_result *read)
{
        size_t begin = read->offset < size ? read->offset : size, end;
        uint32_t i;

        while (begin > 0 && text[begin - 1] != '\n')
                begin--;
        for (end = begin; end < size && text[end] != '\n' && text[end] != '\r';)
                end++;
        if (end == begin || end - begin > SHOWN_MOST ||
            cop__utf8_length(text + begin, end - begin) == SIZE_MAX)
                return; /* nothing that would help to see */
        fprintf(stderr, "    %s\n    ", text_harmless(text_copy(text + begin, end - begin)));
        for (i = 1; i < read->column; i++)
                fputc(' ', stderr);
        fputs("^\n", stderr);
}

static int read_file(const char *path)
{
        struct cop_read_result read;
        const char *text;
        size_t size;
        int err = file_read(path, &text, &size);

        if (err < 0)
                return complain("cannot read %s: %s; nothing of it is shown", text_harmless(path),
                                text_errno(err));
        read = cop_try_read_all(text, size, .new_atoms_max = NEW_ATOMS_MOST,
                                .words_max = WORDS_MOST, .pids = true);
        if (read.error[0]) {
                fflush(stdout);
                fprintf(stderr, "%s:%u:%u: %s\n", text_harmless(path), read.line, read.column,
                        read.error);
                show_place(text, size, &read);
                return TOOL_FAILED;
        }
        COP_EACH (term, read.term)
                printf("%s.\n", cop_show_pretty(term));
        return TOOL_FINE;
}

int tool_read(const struct request *request)
{
        int i, status = TOOL_FINE;

        for (i = 0; i < request->word_count; i++)
                if (read_file(request->words[i]) != TOOL_FINE)
                        status = TOOL_FAILED;
        return status;
}
