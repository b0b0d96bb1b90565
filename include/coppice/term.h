/*
 * coppice/term.h: values.
 *
 * A term is any value that a message, a pattern, a state or a configuration can hold: integers of
 * any size, floats, atoms, binaries, tuples, lists, maps, pids, references. It is one word, passed
 * by value, and it never changes. Functions that make terms put them into the memory of the current
 * turn, where they live until the turn ends (a callback's return, a plain process's next
 * cop_next_message()) or the cop_scope they were made in is left; cop_keep() makes one last longer.
 *
 * Most programs make and take apart terms with cop_build() and cop_match() of <coppice/match.h>,
 * and need of this header only cop_int() and its like.
 *
 * In a process, a wrong kind of term is a crash: cop_to_int() of a text ends the process with
 * reason {badarg, Stack}. To ask first, there is cop_is_int(). On a thread that is no process the
 * same mistake stops the program with a report.
 */
#ifndef COPPICE_TERM_H
#define COPPICE_TERM_H

#include <coppice/base.h>

COP_BEGIN_DECLS

/* A value; COP_NONE (all zero) is no value at all: what an option holds that was not given. */
typedef struct {
        uint64_t word;
} cop_term;

/* The name of a process, its own for ever: it is never given to another one. */
typedef struct {
        uint64_t word;
} cop_pid;

/* A value that is like no other: of a monitor, a timer, a call, an alias. */
typedef struct {
        uint64_t word;
} cop_ref;

#define COP_NONE ((cop_term){ 0 })

/* Both of the same kind and equal in all parts: 1 and 1.0 differ (Erlang's =:=). */
COP_API bool cop_equal(cop_term a, cop_term b);

/*
 * Erlang's order of all terms: number < atom < reference < fun < port < pid < tuple < map < nil <
 * list < bit string. Returns less than, equal to or greater than 0; 1 and 1.0 are equal here (==).
 */
COP_API int cop_compare(cop_term a, cop_term b);

/* A hash that is the same for terms that are cop_equal, in every run of every program. */
COP_API uint64_t cop_hash(cop_term term);

/* ---- numbers ---- */

COP_API cop_term cop_int(int64_t value);
COP_API cop_term cop_uint(uint64_t value);
COP_API cop_term cop_float(double value); /* badarg where value is infinite or no number */
COP_API bool cop_is_int(cop_term term);   /* an integer of any size */
COP_API bool cop_is_float(cop_term term);
COP_API bool cop_is_number(cop_term term);
COP_API int64_t cop_to_int(cop_term term);   /* badarg where it is no integer or does not fit */
COP_API uint64_t cop_to_uint(cop_term term); /* the same */
COP_API double cop_to_float(cop_term term);  /* of an integer too */

/* ---- atoms ---- */

/* The atom with this text (UTF-8, up to 255 characters; badarg otherwise). It is kept for ever:
 * never make atoms of what comes from outside, use cop_find_atom(). */
COP_API cop_term cop_atom(const char *text);
COP_API cop_term cop_atom_of(const char *text, size_t length);
/* The atom with this text if there is one already, COP_NONE otherwise. */
COP_API cop_term cop_find_atom(const char *text, size_t length);
COP_API bool cop_is_atom(cop_term term);
/* Is it the atom with this text? */
COP_API bool cop_is(cop_term term, const char *text);
/* The atom's text, ended by a zero, for ever valid. */
COP_API const char *cop_to_atom_text(cop_term term);
COP_API cop_term cop_bool(bool value); /* true or false */
COP_API bool cop_is_bool(cop_term term);
COP_API bool cop_to_bool(cop_term term);

/* ---- binaries and bit strings ---- */

COP_API cop_term cop_binary(const void *bytes, size_t size);
COP_API cop_term cop_text(const char *text); /* a binary of the characters up to the zero */
COP_API cop_term cop_bits(const void *bytes, size_t bit_count);
COP_API bool cop_is_binary(cop_term term); /* a whole number of bytes */
COP_API bool cop_is_bits(cop_term term);
COP_API size_t cop_byte_size(cop_term bits); /* rounded up */
COP_API size_t cop_bit_size(cop_term bits);
/* The bytes, which live as long as the term; the unused bits of the last one are zero. */
COP_API const uint8_t *cop_to_bytes(cop_term bits);
/* The text of a binary, an atom or a list of characters, ended by a zero, in the memory of the
 * turn. badarg for other terms and where a zero is inside. */
COP_API const char *cop_to_cstring(cop_term term);

/* ---- tuples ---- */

COP_API cop_term cop_tuple(size_t size, const cop_term *elements);
COP_API bool cop_is_tuple(cop_term term);
COP_API size_t cop_tuple_size(cop_term tuple);
COP_API cop_term cop_element(cop_term tuple, size_t index); /* the first has index 0 */

/* ---- lists ---- */

COP_API cop_term cop_nil(void); /* the empty list */
COP_API cop_term cop_cons(cop_term head, cop_term tail);
COP_API cop_term cop_list(size_t length, const cop_term *elements);
COP_API bool cop_is_list(cop_term term); /* nil or a pair; the tail is not looked at */
COP_API bool cop_is_nil(cop_term term);
COP_API cop_term cop_head(cop_term list); /* badarg of nil */
COP_API cop_term cop_tail(cop_term list);
COP_API size_t cop_length(cop_term list); /* badarg of an improper list */
COP_API cop_term cop_reverse(cop_term list);
COP_API cop_term cop_sort(cop_term list); /* stable, in the order of cop_compare() */
COP_API bool cop_is_member(cop_term element, cop_term list);

/* for each element of a proper list: COP_EACH(child, children) { ... } */
#define COP_EACH(element, list)                                                                    \
        for (cop_term element##_rest = (list), element __attribute__((unused));                    \
             !cop_is_nil(element##_rest) && (element = cop_head(element##_rest), true);            \
             element##_rest = cop_tail(element##_rest))

/* ---- maps ---- */

COP_API cop_term cop_map(size_t size, const cop_term *keys,
                         const cop_term *values); /* the last of equal keys counts */
COP_API bool cop_is_map(cop_term term);
COP_API size_t cop_map_size(cop_term map);
/* The key's value; COP_NONE where the map does not have it. */
COP_API cop_term cop_map_find(cop_term map, cop_term key);
/* The key's value, or otherwise. */
COP_API cop_term cop_map_get(cop_term map, cop_term key, cop_term otherwise);
COP_API cop_term cop_map_put(cop_term map, cop_term key, cop_term value);
COP_API cop_term cop_map_remove(cop_term map, cop_term key);
/* The keys stand in the order in which maps compare them: integers before floats, else
 * cop_compare(). */
COP_API cop_term cop_map_key(cop_term map, size_t index);
COP_API cop_term cop_map_value(cop_term map, size_t index);

/* ---- pids, references, and what is only carried ---- */

COP_API bool cop_is_pid(cop_term term);
COP_API bool cop_is_ref(cop_term term);
COP_API bool cop_is_port(cop_term term);
COP_API bool cop_is_fun(cop_term term);
COP_API bool cop_is_record(cop_term term); /* a native record, #module:name{field = Value} */
COP_API cop_pid cop_to_pid(cop_term term);
COP_API cop_ref cop_to_ref(cop_term term);

static inline cop_term cop_pid_term(cop_pid pid)
{
        cop_term term = { pid.word };

        return term;
}

static inline cop_term cop_ref_term(cop_ref ref)
{
        cop_term term = { ref.word };

        return term;
}

static inline bool cop_is_none(cop_term term)
{
        return term.word == 0;
}

/* ---- how long terms live ---- */

/*
 * A copy that lasts until cop_release(), or the end of the process that kept it.
 * Owns      the process; the copy may be sent, matched and built with as any other term.
 */
COP_API cop_term cop_keep(cop_term term);
/* Frees what cop_keep() returned. Of a term that was not kept (an integer, say) it does nothing. */
COP_API void cop_release(cop_term term);
/* Frees what *place holds (if anything) and keeps the new term there. */
COP_API void cop_replace(cop_term *place, cop_term term);

/* cop_scope { ... }: what is made inside dies at its end, however it is left. */
#define cop_scope COP__SCOPE(__COUNTER__)

/* A place in the memory of a turn; for cop_scope. */
struct cop_mark {
        void *chunk, *top, *shared, *adopted;
        uint64_t turn;
        bool open;
};

COP_API struct cop_mark cop_scope_enter(void);
COP_API void cop_scope_leave(struct cop_mark *mark);

#define COP__SCOPE(number)       COP__SCOPE_NAMED(number)
#define COP__SCOPE_NAMED(number) COP__SCOPE_OF(cop__mark_##number)
#define COP__SCOPE_OF(mark)                                                                        \
        for (struct cop_mark mark __attribute__((cleanup(cop_scope_leave))) = cop_scope_enter();   \
             mark.open; mark.open = false)

/* The same accessors with the place that a crash names; the macros below fill it in. */
COP_API int64_t cop__to_int(cop_term term, const struct cop_place *place);
COP_API uint64_t cop__to_uint(cop_term term, const struct cop_place *place);
COP_API double cop__to_float(cop_term term, const struct cop_place *place);
COP_API bool cop__to_bool(cop_term term, const struct cop_place *place);
COP_API cop_pid cop__to_pid(cop_term term, const struct cop_place *place);
COP_API cop_ref cop__to_ref(cop_term term, const struct cop_place *place);
COP_API const char *cop__to_cstring(cop_term term, const struct cop_place *place);
COP_API cop_term cop__element(cop_term tuple, size_t index, const struct cop_place *place);
COP_API cop_term cop__head(cop_term list, const struct cop_place *place);
COP_API cop_term cop__tail(cop_term list, const struct cop_place *place);

#define cop_to_int(term)          cop__to_int((term), COP_HERE)
#define cop_to_uint(term)         cop__to_uint((term), COP_HERE)
#define cop_to_float(term)        cop__to_float((term), COP_HERE)
#define cop_to_bool(term)         cop__to_bool((term), COP_HERE)
#define cop_to_pid(term)          cop__to_pid((term), COP_HERE)
#define cop_to_ref(term)          cop__to_ref((term), COP_HERE)
#define cop_to_cstring(term)      cop__to_cstring((term), COP_HERE)
#define cop_element(tuple, index) cop__element((tuple), (index), COP_HERE)
#define cop_head(list)            cop__head((list), COP_HERE)
#define cop_tail(list)            cop__tail((list), COP_HERE)

COP_END_DECLS

#endif
