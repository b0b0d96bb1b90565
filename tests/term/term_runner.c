/*
 * term_runner.c: what Coppice makes of terms that Erlang wrote down.
 *
 *     term-runner write FILE     each term of FILE on a line, as Erlang's ~tw prints it
 *     term-runner pretty FILE    each term as ~tp prints it in 80 columns, with a full stop
 *     term-runner sort FILE      all terms in their order, one a line, as ~tw
 *     term-runner etf FILE       each term in external format, a line of hexadecimal digits
 *     term-runner recode FILE    each line of FILE is one term in external format; it is decoded and
 *                                encoded again, or `error` where that cannot be
 *
 * tests/term/sets holds what a real Erlang says to the same. Returns 0, 2 when called wrongly, 3
 * when FILE cannot be read or is not what it should be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/etf.h>
#include <coppice/text.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "term/print.h"

/* The whole file, never NULL. Ends the program where that cannot be. */
static char *read_file(const char *name, size_t *size)
{
        FILE *file = fopen(name, "rb");
        struct buffer buffer;
        char piece[65536];
        size_t count;

        if (!file) {
                perror(name);
                exit(3);
        }
        cop__buffer_init(&buffer, SIZE_MAX);
        while ((count = fread(piece, 1, sizeof(piece), file)) > 0)
                cop__buffer_add(&buffer, piece, count);
        fclose(file);
        return cop__buffer_take(&buffer, size);
}

static cop_term read_terms(const char *name)
{
        size_t size;
        char *text = read_file(name, &size);
        struct cop_read_result read = cop_try_read_all(text, size, .new_atoms_max = 1000000);

        cop__free(text);
        if (cop_is_none(read.term)) {
                fprintf(stderr, "%s:%u:%u: %s\n", name, read.line, read.column, read.error);
                exit(3);
        }
        return read.term;
}

static void print_term(cop_term term, enum print_form form)
{
        struct print_options options = { .form = form };
        struct buffer out;

        cop__buffer_init(&out, SIZE_MAX);
        cop__print(&out, term, &options);
        cop__buffer_add_text(&out, form == PRINT_PRETTY ? ".\n" : "\n");
        fwrite(out.bytes, 1, out.size, stdout);
        cop__buffer_release(&out);
}

static void print_encoded(cop_term term)
{
        cop_term binary = cop_encode(term);
        const uint8_t *bytes = cop_to_bytes(binary);

        for (size_t i = 0; i < cop_byte_size(binary); i++)
                printf("%02X", bytes[i]);
        putchar('\n');
}

static void run_write(const char *file)
{
        COP_EACH (term, read_terms(file))
                print_term(term, PRINT_WRITE);
}

static void run_pretty(const char *file)
{
        COP_EACH (term, read_terms(file))
                print_term(term, PRINT_PRETTY);
}

static void run_sort(const char *file)
{
        COP_EACH (term, cop_sort(read_terms(file)))
                print_term(term, PRINT_WRITE);
}

static void run_etf(const char *file)
{
        COP_EACH (term, read_terms(file))
                print_encoded(term);
}

/* Hexadecimal digits become bytes, in their place. Returns how many. */
static size_t from_hexadecimal(char *line, size_t digits)
{
        for (size_t i = 0; i + 1 < digits; i += 2) {
                char pair[] = { line[i], line[i + 1], '\0' };

                line[i / 2] = (char)strtoul(pair, NULL, 16);
        }
        return digits / 2;
}

static void run_recode(const char *file)
{
        size_t size;
        char *text = read_file(file, &size);
        char *line = text;
        char *end;

        for (; (end = strchr(line, '\n')); line = end + 1) {
                size_t bytes = from_hexadecimal(line, (size_t)(end - line));
                struct cop_decode_result decoded = cop_try_decode(line, bytes);

                if (cop_is_none(decoded.term))
                        puts("error");
                else
                        print_encoded(decoded.term);
        }
        cop__free(text);
}

static const struct {
        const char *name;
        void (*run)(const char *file);
} modes[] = {
        { "write", run_write }, { "pretty", run_pretty }, { "sort", run_sort },
        { "etf", run_etf },     { "recode", run_recode },
};

int main(int count, char **arguments)
{
        for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
                if (count == 3 && strcmp(arguments[1], modes[i].name) == 0) {
                        modes[i].run(arguments[2]);
                        return fflush(stdout) == 0 ? 0 : 3;
                }
        fputs("usage: term-runner write|pretty|sort|etf|recode FILE\n", stderr);
        return 2;
}
