/*
 * ETF: compressed terms, and how much a decoder may take.
 *
 * Bytes from outside must not make us take more memory, more stack or more atoms than was allowed,
 * and leave nothing behind when they are refused.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <string.h>

#include <coppice/etf.h>
#include <coppice/text.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "support/memory.h"
#include "support/written.h"
#include "term/atom.h"
#include "term/deflate.h"
#include "term/etf.h"
#include "term/host.h"
#include "term/region.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

#define AB        "77 05 'a@b.c'"
#define CUT_SHORT "more bytes: the term is cut short"

/* ---- compressed ---- */

/* A version, the tag, a size that may be a lie, and `plain` compressed. */
static size_t compressed(uint8_t *to, size_t room, const char *plain, uint32_t size)
{
        struct bytes bytes = bytes_of(plain);
        uint32_t big = __builtin_bswap32(size);
        size_t count;

        to[0] = ETF_VERSION;
        to[1] = ETF_COMPRESSED;
        memcpy(to + 2, &big, sizeof(big));
        count = cop__deflate(bytes.at, bytes.size, to + 6, room - 6);
        cop_assert(count > 0);
        return count + 6;
}

static const char *compressed_error(const char *plain, uint32_t size, bool *inside)
{
        uint8_t bytes[256];
        size_t count = compressed(bytes, sizeof(bytes), plain, size);
        struct cop_decode_result result = cop_try_decode(bytes, count);

        *inside = result.inside;
        return result.error ? result.error : written(result.term);
}

COP_TEST(ETF_compressed, "compressed terms are read; their size must be what it says")
{
        static const char size[] = "compressed bytes of the size that stands before them";
        bool inside;

        cop_assert_text(compressed_error("68 02 61 01 6a", 5, &inside), "{1,[]}");
        cop_assert_text(compressed_error("68 02 61 01 6a", 4, &inside), size);
        cop_assert_text(compressed_error("68 02 61 01 6a", 6, &inside), size);
        cop_assert_text(compressed_error("68 02 61 01 6a", 0, &inside), size);
        cop_assert(!inside);
        cop_assert_text(compressed_error("68 02 61 01 6a 6a", 6, &inside),
                        "nothing behind the term");
        cop_assert(inside);
        cop_assert_text(compressed_error("83 61 01", 3, &inside), "the tag of a term");
        cop_assert_text(compressed_error("50 00000000", 5, &inside), "the tag of a term");
        cop_assert_text(compressed_error("68 02 61 01", 4, &inside), CUT_SHORT);
        cop_assert(inside);
}

COP_TEST(ETF_compressed_bomb,
         "what says that it becomes too large is refused before it is inflated")
{
        static const char bomb[] = "a smaller size, or more compressed bytes";
        struct bytes bytes = bytes_of("83 50 ffffffff 789c 0300");
        bool inside;
        int64_t before = cop__alloc_live_blocks();

        cop_assert_text(cop_try_decode(bytes.at, bytes.size).error, bomb);
        cop_assert_text(compressed_error("6a", 100000, &inside), bomb);
        cop_assert_text(cop_try_decode(bytes.at, bytes.size, .words_max = SIZE_MAX).error, bomb);
        cop_assert(cop__alloc_live_blocks() == before);
}

COP_TEST(ETF_compress, "a term is compressed where that makes it shorter, and comes back")
{
        cop_term small = cop_read("{ok, 1}");
        cop_term large = cop_nil();
        cop_term binary;
        struct bytes bytes;
        size_t used;

        cop_assert(cop_equal(cop_encode_compressed(small), cop_encode(small)));
        for (int i = 0; i < 1000; i++)
                large = cop_cons(cop_read("{ok, \"text\", 1.5}"), large);
        binary = cop_encode_compressed(large);
        cop_assert(cop_byte_size(binary) < cop_byte_size(cop_encode(large)) / 10);
        cop_assert_equal(cop_to_bytes(binary)[1], ETF_COMPRESSED);
        cop_assert(cop_equal(cop_decode(binary), large));
        memcpy(bytes.at, cop_to_bytes(binary), cop_byte_size(binary));
        bytes.at[cop_byte_size(binary)] = 7;
        cop_assert_text(cop_try_decode(bytes.at, cop_byte_size(binary) + 1).error,
                        "nothing behind the term");
        cop_assert(!cop_is_none(
                cop_try_decode(bytes.at, cop_byte_size(binary) + 1, .used = &used).term));
        cop_assert_equal(used, cop_byte_size(binary));
}

/* ---- limits ---- */

COP_TEST(ETF_depth, "terms nest as deep as depth_max says, and no deeper")
{
        struct bytes bytes = bytes_of("83 68 01 6c 00000001 74 00000001 61 01 61 01 6a");

        cop_assert(!cop_is_none(cop_try_decode(bytes.at, bytes.size, .depth_max = 3).term));
        cop_assert_text(cop_try_decode(bytes.at, bytes.size, .depth_max = 2).error,
                        "fewer levels: the term nests too deep");
}

COP_TEST(ETF_words, "a term takes as many words as words_max says, and no more")
{
        static const struct {
                const char *digits;
                size_t words;
        } terms[] = {
                { "83 68 03 6a 6a 6a", 4 },
                { "83 6b 0003 616263", 6 },
                { "83 6c 00000002 61 01 61 02 6a", 4 },
                { "83 46 3ff8000000000000", 2 },
                { "83 74 00000001 61 01 68 01 6a", 5 },
                { "83 58" AB "0000004d 00000003 00000009", 4 },
        };

        for (size_t i = 0; i < COUNT_OF(terms); i++) {
                struct bytes bytes = bytes_of(terms[i].digits);

                cop_assert(!cop_is_none(
                        cop_try_decode(bytes.at, bytes.size, .words_max = terms[i].words).term));
                cop_assert_text(
                        cop_try_decode(bytes.at, bytes.size, .words_max = terms[i].words - 1).error,
                        "a smaller term: this one takes too much memory");
        }
}

COP_TEST(ETF_new_atoms, "so many new atoms are made, or none; those that are known do not count")
{
        struct bytes bytes = bytes_of("83 68 03 77 09 'etf_new_1' 77 02 'ok' 73 09 'etf_new_2'");
        size_t before = cop__atom_count();
        struct cop_decode_result result;

        result = cop_try_decode(bytes.at, bytes.size, .new_atoms_max = COP_NO_NEW_ATOMS);
        cop_assert_text(result.error, "an atom that is known: there are too many new ones");
        cop_assert_equal(cop__atom_count(), before);
        result = cop_try_decode(bytes.at, bytes.size, .new_atoms_max = 1);
        cop_assert(cop_is_none(result.term));
        cop_assert_equal(cop__atom_count(), before + 1);
        result = cop_try_decode(bytes.at, bytes.size, .new_atoms_max = 1);
        cop_assert_text(written(result.term), "{etf_new_1,ok,etf_new_2}");
        cop_assert_equal(cop__atom_count(), before + 2);
}

/* ---- deep, and on a small stack ---- */

enum { DEEP = 1000000, SMALL_STACK = 64 * 1024 };

/* Each level is written `open` and, at the end, `close`; `middle` is in the innermost one. */
static const struct {
        const char *open, *middle, *close;
} deeps[] = {
        { "68 01", "6a", "" },
        { "6c 00000001", "6a", "6a" },
        { "6c 00000001 6a", "61 01", "" },
        { "74 00000001 61 01", "6a", "" },
        { "74 00000001", "6a", "6a" },
};

static uint8_t *deep_data(size_t i, size_t *size)
{
        struct bytes open = bytes_of(deeps[i].open);
        struct bytes middle = bytes_of(deeps[i].middle);
        struct bytes close = bytes_of(deeps[i].close);
        struct buffer data;

        cop__buffer_init(&data, SIZE_MAX);
        cop__buffer_add_char(&data, (char)ETF_VERSION);
        for (int n = 0; n < DEEP; n++)
                cop__buffer_add(&data, open.at, open.size);
        cop__buffer_add(&data, middle.at, middle.size);
        for (int n = 0; n < DEEP; n++)
                cop__buffer_add(&data, close.at, close.size);
        return (uint8_t *)cop__buffer_take(&data, size);
}

static void *decode_deep(void *context)
{
        bool *small = context;

        for (size_t i = 0; i < COUNT_OF(deeps); i++) {
                struct cop_mark mark = cop_scope_enter();
                size_t size;
                uint8_t *data = deep_data(i, &size);
                struct cop_decode_result result =
                        cop_try_decode(data, size, .depth_max = 2 * DEEP, .words_max = SIZE_MAX);
                cop_term binary;

                cop_assert_text(result.error, NULL);
                binary = cop_encode(result.term);
                /* the third one is a long list, and comes back as such */
                if (i != 2)
                        cop_assert_bytes(cop_to_bytes(binary), cop_byte_size(binary), data, size);
                cop__free(data);
                cop_scope_leave(&mark);
        }
        *small = true;
        return NULL;
}

COP_TEST(ETF_deep, "a million levels need no more than a small stack", .limit_s = 60)
{
        pthread_attr_t attributes;
        pthread_t thread;
        bool done = false;

        pthread_attr_init(&attributes);
        cop_assert_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
        cop_assert_equal(pthread_create(&thread, &attributes, decode_deep, &done), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
        cop_assert(done);
}

/* ---- nothing is left behind ---- */

#define MUCH                                                                                       \
        "68 05 6d 00000002 0102 6e 09 00 000000000000000001 6b 0002 6162"                          \
        "74 00000002 77 01 'b' 46 3ff8000000000000 77 01 'a' 6a"

COP_TEST(ETF_leaves_nothing, "after an error the memory of the turn is where it was")
{
        struct bytes bytes = bytes_of("83" MUCH "ff");
        struct cop_mark before;

        cop_try_decode(bytes.at, bytes.size);
        before = cop__region_mark(here());
        cop_assert(cop_is_none(cop_try_decode(bytes.at, bytes.size).term));
        cop_assert(cop__region_mark(here()).top == before.top);
        cop_assert(cop__region_mark(here()).chunk == before.chunk);
        cop_assert(cop__region_mark(here()).shared == before.shared);
}

static uint8_t much[4096];
static size_t much_size;

static bool decode_much(void *context)
{
        struct cop_decode_result result = cop_try_decode(much, much_size);

        if (cop_is_none(result.term)) {
                cop_assert(result.error != NULL);
                cop__host_thread_release(); /* a region keeps a chunk for the next turn */
        }
        return !cop_is_none(result.term);
}

static void forget(void *context)
{
        cop__host_thread_release();
}

COP_TEST(ETF_no_memory, "each allocation may fail, and that is an error; nothing is left behind")
{
        char digits[4096] = "";

        for (int i = 0; i < 40; i++)
                strcat(digits, "68 01");
        strcat(digits, MUCH "6d 00000050");
        for (int i = 0; i < 80; i++)
                strcat(digits, "07");
        much_size = compressed(much, sizeof(much), digits, (uint32_t)bytes_of(digits).size);
        cop_assert(decode_much(NULL)); /* its atoms stay for ever */
        forget(NULL);
        cop_assert(without_memory(decode_much, forget, NULL) > 3);
}

static cop_term to_measure;

static bool measure(void *context)
{
        return cop__etf_write(NULL, 0, to_measure) != 0;
}

COP_TEST(ETF_no_memory_to_encode, "an encoder without memory for its stack says so")
{
        to_measure = cop_nil();
        for (int i = 0; i < 1000; i++)
                to_measure = cop_tuple(2, (cop_term[]){ to_measure, cop_nil() });
        cop_assert(without_memory(measure, NULL, NULL) > 0);
}
