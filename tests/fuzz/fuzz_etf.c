/*
 * fuzz_etf.c: whatever the bytes, the decoder says yes or no; and what it decodes is encoded so that
 * it decodes equal, and encodes to the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/etf.h>

#include "term/atom.h"
#include "term/host.h"
#include "term/region.h"

enum {
        WORDS_MOST = 100000,
        ATOMS_MOST = 100000, /* of all inputs together: atoms stay for ever */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that was promised is not so: the fuzzer keeps the input. */
static void must(bool holds)
{
        if (!holds)
                abort();
}

static struct cop_decode_result decode(const uint8_t *data, size_t size, size_t *used)
{
        size_t atoms = cop__atom_count() < ATOMS_MOST ? 100 : COP_NO_NEW_ATOMS;

        return cop_try_decode(data, size, .words_max = WORDS_MOST, .new_atoms_max = atoms,
                              .used = used);
}

/* Encoded in whatever way, it is the same term. */
static void check_encoding(cop_term term, cop_term binary)
{
        struct cop_decode_result again = cop_try_decode(cop_to_bytes(binary), cop_byte_size(binary),
                                                        .new_atoms_max = COP_NO_NEW_ATOMS);
        cop_term twice;

        must(!cop_is_none(again.term));
        must(cop_equal(again.term, term));
        must(cop_compare(again.term, term) == 0);
        must(cop_hash(again.term) == cop_hash(term));
        twice = cop_encode(again.term);
        must(cop_equal(twice, cop_encode(term)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cop_mark mark = cop__region_mark(here());
        struct cop_decode_result result = decode(data, size, NULL);
        size_t used = 0;

        if (cop_is_none(result.term)) {
                must(result.error != NULL);
                must(result.inside || result.offset <= size);
                must(!mark.chunk || cop__region_mark(here()).top == mark.top);
                result = decode(data, size, &used);
                must(cop_is_none(result.term) || used < size);
        }
        if (!cop_is_none(result.term)) {
                must(cop__copy_words(result.term) <= WORDS_MOST);
                check_encoding(result.term, cop_encode(result.term));
                check_encoding(result.term, cop_encode_compressed(result.term));
        }
        cop__region_rewind(here(), &mark);
        return 0;
}
