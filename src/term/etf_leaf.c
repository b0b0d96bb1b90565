/*
 * etf_leaf.c: terms that have no parts, from external format.
 *
 * Reading beyond the end gives zeros and leaves an error behind, so what is read in a row is looked
 * at once, at its end. What is of this node and this life of it becomes an immediate word.
 */
#include <math.h>

#include "base/decimal.h"
#include "base/utf8.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/etf_input.h"
#include "term/node.h"

enum {
        ATOM_CHARACTERS_MOST = 255,
        REF_IDS_MOST = 5,
        OLD_CREATION_MOST = 3,
        OLD_REF_ID_BITS = 18,
        TEXT_FLOAT_BYTES = 31,
        PID_WORDS = 3,
        EXPORT_WORDS = 3,
};

/* ---- atoms ---- */

/* From UTF-8 that is known to be an atom's. */
static cop_term make_atom(struct etf_input *in, const char *text, size_t size)
{
        cop_term atom;

        if (in->atoms_left == 0)
                return refuse(in, "an atom that is known: there are too many new ones");
        in->atoms_left--;
        atom = cop__atom_make(text, size);
        return cop_is_none(atom) ? refuse(in, "an atom that is known: no room for new ones") : atom;
}

static cop_term get_utf8_atom(struct etf_input *in, size_t size)
{
        const char *text = (const char *)in->at;
        cop_term atom;

        if (!has(in, size))
                return COP_NONE;
        atom = cop__atom_find(text, size);
        if (cop_is_none(atom)) {
                size_t length = cop__utf8_length(text, size);

                if (length == SIZE_MAX)
                        return refuse(in, "an atom in UTF-8");
                if (length > ATOM_CHARACTERS_MOST)
                        return refuse(in, "an atom of at most 255 characters");
                atom = make_atom(in, text, size);
        }
        in->at += size;
        return atom;
}

static cop_term get_latin1_atom(struct etf_input *in, size_t size)
{
        char text[2 * ATOM_CHARACTERS_MOST + UTF8_MOST];
        size_t used = 0;
        cop_term atom;

        if (!has(in, size))
                return COP_NONE;
        if (size > ATOM_CHARACTERS_MOST)
                return refuse(in, "an atom of at most 255 characters");
        for (size_t i = 0; i < size; i++)
                used += cop__utf8_put(text + used, in->at[i]);
        in->at += size;
        atom = cop__atom_find(text, used);
        return cop_is_none(atom) ? make_atom(in, text, used) : atom;
}

cop_term cop__etf_atom_of(struct etf_input *in, unsigned tag)
{
        switch (tag) {
        case ETF_SMALL_UTF8_ATOM:
                return get_utf8_atom(in, get_8(in));
        case ETF_UTF8_ATOM:
                return get_utf8_atom(in, get_16(in));
        case ETF_SMALL_ATOM:
                return get_latin1_atom(in, get_8(in));
        case ETF_ATOM:
                return get_latin1_atom(in, get_16(in));
        default:
                return COP_NONE;
        }
}

cop_term cop__etf_atom(struct etf_input *in)
{
        const uint8_t *start = in->at;
        cop_term atom = cop__etf_atom_of(in, get_8(in));

        return cop_is_none(atom) ? refuse_at(in, start, "an atom") : atom;
}

/* ---- numbers ---- */

cop_term cop__etf_float(struct etf_input *in)
{
        const uint8_t *start = in->at;
        uint64_t bits = get_64(in);
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
                return refuse_at(in, start, "a float that is finite and a number");
        return claim(in, 2) ? made(in, cop__float_make(in->region, value)) : COP_NONE;
}

static const char *skip_digits(const char *at)
{
        while (*at >= '0' && *at <= '9')
                at++;
        return at;
}

/* A sign perhaps, digits, a point, digits, perhaps an exponent, and nothing else. */
static bool is_text_float(const char *text)
{
        const char *at = text + (*text == '-' || *text == '+');
        const char *from = at;

        at = skip_digits(at);
        if (at == from || *at != '.')
                return false;
        from = ++at;
        at = skip_digits(at);
        if (at == from)
                return false;
        if (*at == 'e' || *at == 'E') {
                at += 1 + (at[1] == '-' || at[1] == '+');
                from = at;
                at = skip_digits(at);
                if (at == from)
                        return false;
        }
        return *at == '\0';
}

cop_term cop__etf_text_float(struct etf_input *in)
{
        char text[TEXT_FLOAT_BYTES + 1] = "";
        double value;

        if (!has(in, TEXT_FLOAT_BYTES))
                return COP_NONE;
        memcpy(text, in->at, TEXT_FLOAT_BYTES);
        if (!memchr(text, '\0', TEXT_FLOAT_BYTES) || !is_text_float(text))
                return refuse(in, "a float in decimal");
        value = cop__double_of_text(text);
        if (!isfinite(value))
                return refuse(in, "a float that is finite and a number");
        in->at += TEXT_FLOAT_BYTES;
        return claim(in, 2) ? made(in, cop__float_make(in->region, value)) : COP_NONE;
}

cop_term cop__etf_big(struct etf_input *in, size_t size)
{
        bool negative = get_8(in) != 0;
        const uint8_t *bytes = in->at;

        if (in->error || !has(in, size) || !claim(in, size / 8 + 2))
                return COP_NONE;
        in->at += size;
        return made(in, cop__int_from_bytes(in->region, bytes, size, negative));
}

/* ---- bits and strings ---- */

cop_term cop__etf_bits(struct etf_input *in, size_t size, unsigned last_bits)
{
        size_t bit_count = size ? 8 * (size - 1) + last_bits : 0;
        uint8_t *place;
        cop_term bits;

        if (size ? last_bits < 1 || last_bits > 8 : last_bits != 0)
                return refuse(in, "a last byte of 1 to 8 bits");
        if (!has(in, size) || !claim(in, size / 8 + SHARED_BITS_WORDS + 2))
                return COP_NONE;
        bits = made(in, cop__bits_new(in->region, bit_count, &place));
        if (!cop_is_none(bits) && size) {
                memcpy(place, in->at, size);
                place[size - 1] &= (uint8_t)(0xff << (8 - last_bits));
        }
        in->at += size;
        return bits;
}

cop_term cop__etf_string(struct etf_input *in)
{
        size_t length = get_16(in);
        uint64_t *pair;

        if (length == 0)
                return in->error ? COP_NONE : NIL;
        pair = has(in, length) ? take_words(in, 2 * length) : NULL;
        if (!pair)
                return COP_NONE;
        for (size_t i = 0; i < length; i++) {
                pair[2 * i] = small_term(in->at[i]).word;
                pair[2 * i + 1] = pair_term(pair + 2 * i + 2).word;
        }
        pair[2 * length - 1] = NIL.word;
        in->at += length;
        return pair_term(pair);
}

/* ---- pids, ports, references, external funs ---- */

/* Is it this node, in this life? A creation of 0 is any. */
static bool is_here(cop_term node, uint32_t creation)
{
        uint32_t ours = cop__node_creation();

        return node.word == cop__node_name().word &&
               (creation == ours || creation == 0 || ours == 0);
}

/* Older formats have one byte, of which two bits count. */
static uint32_t get_creation(struct etf_input *in, bool old)
{
        const uint8_t *start = in->at;
        uint32_t creation = old ? get_8(in) : get_32(in);

        if (old && creation > OLD_CREATION_MOST)
                refuse_at(in, start, "a creation of 0 to 3");
        return creation;
}

cop_term cop__etf_pid(struct etf_input *in, bool old)
{
        const uint8_t *start = in->at;
        cop_term node = cop__etf_atom(in);
        uint32_t id = get_32(in);
        uint32_t serial = get_32(in);
        uint32_t creation = get_creation(in, old);
        uint64_t *box;

        if (in->error)
                return COP_NONE;
        if (is_here(node, creation)) {
                cop_term pid = cop__pid_of_numbers(id, serial);

                return cop_is_none(pid) ? refuse_at(in, start, "a pid that this node can have")
                                        : pid;
        }
        box = take_words(in, PID_WORDS + 1);
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_PID, PID_WORDS);
        box[1] = node.word;
        box[2] = (uint64_t)serial << 32 | id;
        box[3] = creation;
        return box_term(box);
}

cop_term cop__etf_port(struct etf_input *in, unsigned tag)
{
        cop_term node = cop__etf_atom(in);
        uint64_t id = tag == ETF_V4_PORT ? get_64(in) : get_32(in);
        uint32_t creation = get_creation(in, tag == ETF_PORT);
        uint64_t *box = in->error ? NULL : take_words(in, PID_WORDS + 1);

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_PORT, PID_WORDS);
        box[1] = node.word;
        box[2] = id;
        box[3] = is_here(node, creation) ? cop__node_creation() : creation;
        return box_term(box);
}

static cop_term make_ref(struct etf_input *in, const uint8_t *start, cop_term node,
                         uint32_t creation, const uint32_t *ids, size_t count)
{
        uint64_t *box;

        if (is_here(node, creation)) {
                cop_term ref =
                        count > 0 && count <= LOCAL_REF_IDS ? cop__ref_of_numbers(ids) : COP_NONE;

                return cop_is_none(ref)
                               ? refuse_at(in, start, "a reference that this node can have")
                               : ref;
        }
        box = take_words(in, 3 + count);
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_REF, 2 + count);
        box[1] = node.word;
        box[2] = creation;
        for (size_t i = 0; i < count; i++)
                box[3 + i] = ids[i];
        return box_term(box);
}

cop_term cop__etf_ref(struct etf_input *in, unsigned tag)
{
        const uint8_t *start = in->at;
        uint32_t ids[REF_IDS_MOST] = { 0 };
        bool old = tag != ETF_NEWER_REF;
        size_t count = tag == ETF_OLD_REF ? 1 : get_16(in);
        cop_term node = cop__etf_atom(in);
        uint32_t creation = 0;

        if (count > REF_IDS_MOST)
                return refuse_at(in, start, "a reference of at most 5 words");
        if (tag == ETF_OLD_REF)
                ids[0] = get_32(in);
        creation = get_creation(in, old);
        if (tag != ETF_OLD_REF)
                for (size_t i = 0; i < count; i++)
                        ids[i] = get_32(in);
        if (old && ids[0] >> OLD_REF_ID_BITS)
                return refuse_at(in, start, "a first word of 18 bits");
        return in->error ? COP_NONE : make_ref(in, start, node, creation, ids, count);
}

uint32_t cop__etf_integer(struct etf_input *in)
{
        const uint8_t *start = in->at;
        unsigned tag = get_8(in);

        if (tag == ETF_SMALL_INT)
                return get_8(in);
        if (tag == ETF_INT)
                return get_32(in);
        refuse_at(in, start, "an integer of 32 bits");
        return 0;
}

cop_term cop__etf_export(struct etf_input *in)
{
        uint64_t *box = take_words(in, EXPORT_WORDS + 1);
        const uint8_t *start;
        uint32_t arity;

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_EXPORT, EXPORT_WORDS);
        box[1] = cop__etf_atom(in).word;
        box[2] = cop__etf_atom(in).word;
        start = in->at;
        arity = cop__etf_integer(in);
        if (arity > INT32_MAX)
                return refuse_at(in, start, "a number of arguments");
        box[3] = small_term(arity).word;
        return in->error ? COP_NONE : box_term(box);
}
