/*
 * fuzz_text.c: whatever the text, the reader says yes or no; and what it reads, the printer writes
 * so that it reads back equal.
 */
#include <stdint.h>
#include <stdlib.h>

#include <coppice/text.h>

#include "base/buffer.h"
#include "term/atom.h"
#include "term/host.h"
#include "term/print.h"
#include "term/region.h"

enum {
        WORDS_MOST = 100000,
        ATOMS_MOST = 100000, /* of all inputs together: atoms stay for ever */
        TEXT_MOST = 1 << 20,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that was promised is not so: the fuzzer keeps the input. */
static void must(bool holds)
{
        if (!holds)
                abort();
}

static struct cop_read_result read_text(const char *text, size_t size)
{
        size_t atoms = cop__atom_count() < ATOMS_MOST ? 100 : COP_NO_NEW_ATOMS;

        return cop_try_read_all(text, size, .words_max = WORDS_MOST, .new_atoms_max = atoms,
                                .pids = true);
}

static void check_error(const struct cop_read_result *result, size_t size)
{
        must(result->error[0] != '\0');
        must(result->offset <= size);
        must(result->line >= 1);
        must(result->column >= 1);
}

/* Prints the term in one of the forms and reads that. */
static void check_print(cop_term term, enum print_form form)
{
        struct print_options options = { .form = form };
        struct cop_read_result again;
        struct buffer out;

        cop__buffer_init(&out, TEXT_MOST);
        cop__print(&out, term, &options);
        if (!out.failed) {
                again = cop_try_read(out.bytes, out.size, .new_atoms_max = COP_NO_NEW_ATOMS,
                                     .pids = true);
                must(!cop_is_none(again.term));
                must(cop_equal(again.term, term));
                must(cop_hash(again.term) == cop_hash(term));
        }
        cop__buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cop_mark mark = cop__region_mark(here());
        struct cop_read_result result = read_text((const char *)data, size);

        if (cop_is_none(result.term)) {
                check_error(&result, size);
                must(!mark.chunk || cop__region_mark(here()).top == mark.top);
        } else {
                must(cop__copy_words(result.term) <= WORDS_MOST);
                check_print(result.term, PRINT_WRITE);
                check_print(result.term, PRINT_LINE);
                check_print(result.term, PRINT_PRETTY);
        }
        cop__region_rewind(here(), &mark);
        return 0;
}
