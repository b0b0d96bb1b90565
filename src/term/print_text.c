/*
 * print_text.c: atoms, texts and binaries, quoted as Erlang quotes them.
 *
 * Which characters show as themselves is what Erlang says of them when it was started without
 * options: a list or binary is a "text" when all its characters are printable Latin-1, and between
 * quotes every character from 160 on is written as it is, the control characters as escapes.
 */
#include "term/print_text.h"

#include <string.h>

#include "base/utf8.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/lexer.h"
#include "term/print.h"

/* Words of Erlang since release 27: read as atoms, but quoted for others to read. */
static bool is_newly_reserved(const char *text, size_t size)
{
        return (size == 4 && memcmp(text, "else", 4) == 0) ||
               (size == 5 && memcmp(text, "maybe", 5) == 0);
}

/* ---- characters ---- */

static bool is_lower(int32_t rune)
{
        return (rune >= 'a' && rune <= 'z') || (rune >= 0xdf && rune <= 0xff && rune != 0xf7);
}

static bool is_upper(int32_t rune)
{
        return (rune >= 'A' && rune <= 'Z') || (rune >= 0xc0 && rune <= 0xde && rune != 0xd7);
}

/* May it stand in an atom without quotes, behind the first character? */
static bool is_name_char(int32_t rune)
{
        return is_lower(rune) || is_upper(rune) || (rune >= '0' && rune <= '9') || rune == '_' ||
               rune == '@';
}

bool cop__is_printable(int64_t rune)
{
        if (rune < ' ')
                return (rune >= '\b' && rune <= '\r') || rune == '\033';
        return rune <= '~' || (rune >= 0xa0 && rune <= 0xff);
}

/* The letter of the escape for a control character, 0 where it has none. */
static char escape_of(int32_t rune)
{
        static const char letters[] = {
                ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',   ['\v'] = 'v',
                ['\f'] = 'f', ['\r'] = 'r', ['\033'] = 'e', ['\177'] = 'd'
        };

        return rune >= 0 && (size_t)rune < sizeof(letters) ? letters[rune] : 0;
}

void cop__print_rune(struct buffer *buffer, int32_t rune, char quote)
{
        char letter = escape_of(rune);

        if (rune == quote || rune == '\\') {
                cop__buffer_add_char(buffer, '\\');
                cop__buffer_add_char(buffer, (char)rune);
        } else if (letter) {
                cop__buffer_add_char(buffer, '\\');
                cop__buffer_add_char(buffer, letter);
        } else if (rune < ' ' || (rune > '~' && rune < 0xa0)) {
                cop__buffer_format(buffer, "\\%03o", (unsigned)rune);
        } else {
                cop__buffer_add_rune(buffer, (uint32_t)rune);
        }
}

/* ---- atoms ---- */

static bool needs_quotes(const char *text, size_t size)
{
        const char *at = text, *end = text + size;

        if (size == 0 || cop__is_reserved(text, size) || is_newly_reserved(text, size))
                return true;
        if (!is_lower(cop__utf8_next(&at, end)))
                return true;
        while (at < end) {
                if (!is_name_char(cop__utf8_next(&at, end)))
                        return true;
        }
        return false;
}

void cop__print_atom(struct buffer *buffer, const char *text, size_t size)
{
        const char *end = text + size;

        if (!needs_quotes(text, size)) {
                cop__buffer_add(buffer, text, size);
                return;
        }
        cop__buffer_add_char(buffer, '\'');
        while (text < end)
                cop__print_rune(buffer, cop__utf8_next(&text, end), '\'');
        cop__buffer_add_char(buffer, '\'');
}

/* ---- lists of characters ---- */

bool cop__is_printable_list(cop_term list)
{
        if (tag_of(list) != TAG_PAIR)
                return false;
        while (tag_of(list) == TAG_PAIR) {
                const uint64_t *pair = words_of(list);

                if (tag_of(term_of(pair[0])) != TAG_INT ||
                    !cop__is_printable(small_value(term_of(pair[0]))))
                        return false;
                list = term_of(pair[1]);
        }
        return tag_of(list) == TAG_NIL;
}

void cop__print_list_text(struct buffer *buffer, cop_term list, size_t most)
{
        cop__buffer_add_char(buffer, '"');
        for (; tag_of(list) == TAG_PAIR && most > 0; most--) {
                const uint64_t *pair = words_of(list);

                cop__print_rune(buffer, (int32_t)small_value(term_of(pair[0])), '"');
                list = term_of(pair[1]);
        }
        cop__buffer_add_char(buffer, '"');
        if (tag_of(list) == TAG_PAIR)
                cop__buffer_add_text(buffer, "...");
}

/* ---- binaries ---- */

bool cop__is_printable_binary(cop_term bits)
{
        size_t bit_count = 0;
        const char *at = (const char *)cop__bits_look(bits, &bit_count);
        const char *end = at + bit_count / 8;

        if (bit_count == 0 || bit_count % 8 != 0)
                return false;
        while (at < end) {
                int32_t rune = cop__utf8_next(&at, end);

                if (rune == RUNE_NONE || !cop__is_printable(rune))
                        return false;
        }
        return true;
}

void cop__print_binary_text(struct buffer *buffer, cop_term bits, size_t most)
{
        size_t bit_count = 0;
        const char *at = (const char *)cop__bits_look(bits, &bit_count);
        const char *end = at + bit_count / 8;
        bool ascii = true;

        cop__buffer_add_text(buffer, "<<\"");
        for (; at < end && most > 0; most--) {
                int32_t rune = cop__utf8_next(&at, end);

                ascii = ascii && rune < 0x80;
                cop__print_rune(buffer, rune, '"');
        }
        cop__buffer_add_text(buffer, ascii ? "\"" : "\"/utf8");
        cop__buffer_add_text(buffer, at < end ? "...>>" : ">>");
}

static void add_byte(struct buffer *buffer, unsigned value)
{
        char digits[3];
        size_t size = 0;

        if (value >= 100)
                digits[size++] = (char)('0' + value / 100);
        if (value >= 10)
                digits[size++] = (char)('0' + value / 10 % 10);
        digits[size++] = (char)('0' + value % 10);
        cop__buffer_add(buffer, digits, size);
}

void cop__print_bytes(struct buffer *buffer, cop_term bits, size_t most)
{
        size_t bit_count = 0, whole, left;
        const uint8_t *bytes = cop__bits_look(bits, &bit_count);

        whole = bit_count / 8;
        left = bit_count % 8;
        cop__buffer_add_text(buffer, "<<");
        for (size_t i = 0; i < whole && i < most && !buffer->failed; i++) {
                if (i > 0)
                        cop__buffer_add_char(buffer, ',');
                add_byte(buffer, bytes[i]);
        }
        if (whole + (left > 0) > most) {
                cop__buffer_add_text(buffer, ",...");
        } else if (left > 0) {
                if (whole > 0)
                        cop__buffer_add_char(buffer, ',');
                add_byte(buffer, (unsigned)bytes[whole] >> (8 - left));
                cop__buffer_add_char(buffer, ':');
                add_byte(buffer, (unsigned)left);
        }
        cop__buffer_add_text(buffer, ">>");
}
