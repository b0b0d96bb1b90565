/*
 * coppice/site.h: what stands behind every macro that takes a pattern.
 *
 * Programs do not include this, and need to know nothing of it. It is for the headers of Coppice
 * whose functions take a pattern: cop_match(), cop_build(), cop_send(), cop_call(), cop_receive().
 * Each is made of one of three macros and a function:
 *
 *     #define cop_match(term, ...) COP__MATCHING(cop__match, (, (term)), __VA_ARGS__)
 *     bool cop__match(struct cop__site *, void *const *places, cop_term term);
 *
 *     #define cop_exit(...) COP__BUILDING(cop__exit, (), __VA_ARGS__)
 *     void cop__exit(struct cop__site *, const uint64_t *words);
 *
 *     #define cop_send(to, ...) COP__TALKING(cop__send, to, (), __VA_ARGS__)
 *     void cop__send(struct cop__site *, struct cop__to, const uint64_t *words);
 *
 * __VA_ARGS__ is the pattern and its arguments. What stands in the parentheses, each with a comma
 * before it, is handed to the function as further arguments.
 *
 * A place in the source where a pattern stands is a site: a static struct with the pattern and the
 * kinds of its arguments, both known to the compiler. The compiled form of the pattern is put into
 * it when it is first needed. Sites are listed in a section of their own, which every translation
 * unit hands in before main() (cop__sites_add), so that all can be checked at the start. In C++ a
 * site may stand in a template or an inline function, whose statics cannot be in such a section:
 * there the first execution checks.
 *
 * Each argument stands once in what a macro makes, however deep calls are nested in it: it becomes
 * a local variable, and all that is to be known of it is asked of that. __COUNTER__ makes the names
 * unlike those around.
 */
#ifndef COPPICE_SITE_H
#define COPPICE_SITE_H

#include <coppice/term.h>

/* What an argument is. Of a target that is written, its size in bytes stands above it, << 4. */
enum cop__kind {
        COP__END,
        COP__INT,
        COP__UINT,
        COP__FLOAT,
        COP__BOOL,
        COP__TEXT,
        COP__TERM,
        COP__PID,
        COP__REF,
};

enum cop__use { COP__USE_MATCH = 1, COP__USE_BUILD };

enum { COP__ARGUMENTS_MOST = 16 };

/* One per place in the source. Only the library writes to it. */
struct cop__site {
        const char *pattern;
        struct cop_place place;
        uint8_t use;                            /* enum cop__use */
        uint8_t count;                          /* arguments */
        uint8_t kinds[COP__ARGUMENTS_MOST + 1]; /* of the arguments; COP__END last */
        const void *compiled; /* atomic; NULL until needed. It outlives the site */
        uint64_t name;        /* atomic; word of the atom of the last destination, 0 at first */
};

/* Whom a message is for. */
struct cop__to {
        uint64_t kind; /* COP__TEXT: a registered name; COP__TERM, COP__PID or COP__REF */
        uint64_t word; /* the address of the text, or the term's word */
};

/* The sites of one executable or shared library. */
struct cop__sites {
        struct cop__site *const *first, *const *end;
        struct cop__sites *next; /* under the lock of the list */
};

COP_BEGIN_DECLS

/* Of the module that this is compiled into; the linker makes them. */
extern struct cop__site *const __start_cop_sites[] __attribute__((weak, visibility("hidden")));
extern struct cop__site *const __stop_cop_sites[] __attribute__((weak, visibility("hidden")));

/* Called before main(), and when a library is loaded and unloaded. Any but the first call for the
 * same module does nothing. */
COP_API void cop__sites_add(struct cop__sites *sites);
COP_API void cop__sites_remove(struct cop__sites *sites);

COP_END_DECLS

static struct cop__sites cop__sites_here = { 0, 0, 0 };

__attribute__((constructor)) static void cop__sites_enter(void)
{
        cop__sites_here.first = __start_cop_sites;
        cop__sites_here.end = __stop_cop_sites;
        cop__sites_add(&cop__sites_here);
}

__attribute__((destructor)) static void cop__sites_leave(void)
{
        cop__sites_remove(&cop__sites_here);
}

/* ---- the three macros ---- */

/* Arguments are addresses: f(&site, places, ...). */
#define COP__MATCHING(f, more, ...)                                                                \
        COP__MATCHING_(__COUNTER__, COP__COUNT(__VA_ARGS__), f, more, __VA_ARGS__)
#define COP__MATCHING_(n, count, f, more, ...) COP__MATCHING_AS(n, count, f, more, __VA_ARGS__)
#define COP__MATCHING_AS(n, count, f, more, ...)                                                   \
        __extension__({                                                                            \
                COP__LET_##count(n, __VA_ARGS__);                                                  \
                COP__SITE(n, count, COP__USE_MATCH, COP__PLACE_KIND,                               \
                          COP__PATTERN(__VA_ARGS__, ~));                                           \
                void *const cop__places_##n[] = { COP__FOR_##count(COP__PLACE, n) 0 };             \
                f(&cop__site_##n, cop__places_##n COP__MORE more);                                 \
        })

/* Arguments are values: f(&site, words, ...). */
#define COP__BUILDING(f, more, ...)                                                                \
        COP__BUILDING_(__COUNTER__, COP__COUNT(__VA_ARGS__), f, more, __VA_ARGS__)
#define COP__BUILDING_(n, count, f, more, ...) COP__BUILDING_AS(n, count, f, more, __VA_ARGS__)
#define COP__BUILDING_AS(n, count, f, more, ...)                                                   \
        __extension__({                                                                            \
                COP__LET_##count(n, __VA_ARGS__);                                                  \
                COP__SITE(n, count, COP__USE_BUILD, COP__VALUE_KIND,                               \
                          COP__PATTERN(__VA_ARGS__, ~));                                           \
                const uint64_t cop__words_##n[] = { COP__FOR_##count(COP__WORD, n) 0 };            \
                f(&cop__site_##n, cop__words_##n COP__MORE more);                                  \
        })

/* The same with a destination: f(&site, to, words, ...). */
#define COP__TALKING(f, to, more, ...)                                                             \
        COP__TALKING_(__COUNTER__, COP__COUNT(__VA_ARGS__), f, to, more, __VA_ARGS__)
#define COP__TALKING_(n, count, f, to, more, ...)                                                  \
        COP__TALKING_AS(n, count, f, to, more, __VA_ARGS__)
#define COP__TALKING_AS(n, count, f, to, more, ...)                                                \
        __extension__({                                                                            \
                COP__AUTO cop__to_##n = (to);                                                      \
                COP__LET_##count(n, __VA_ARGS__);                                                  \
                COP__SITE(n, count, COP__USE_BUILD, COP__VALUE_KIND,                               \
                          COP__PATTERN(__VA_ARGS__, ~));                                           \
                const uint64_t cop__words_##n[] = { COP__FOR_##count(COP__WORD, n) 0 };            \
                f(&cop__site_##n, COP__TO(cop__to_##n), cop__words_##n COP__MORE more);            \
        })

#define COP__MORE(...)             __VA_ARGS__
#define COP__PATTERN(pattern, ...) "" pattern

/* clang-format off */
#define COP__SITE(n, count, use, kind_of, pattern)                                                 \
        static struct cop__site cop__site_##n = {                                                  \
                pattern,                                                                           \
                { __FILE__, __func__, __LINE__ },                                                  \
                use,                                                                               \
                count,                                                                             \
                { COP__FOR_##count(kind_of, n) COP__END },                                         \
                0,                                                                                 \
                0,                                                                                 \
        };                                                                                         \
        COP__LIST(n)
/* clang-format on */

#ifdef __cplusplus
#define COP__LIST(n)
#else
/* A pointer, because structs in a section may get padding between them. */
#define COP__LIST(n)                                                                               \
        static struct cop__site *const cop__listed_##n                                             \
                __attribute__((section("cop_sites"), used COP__RETAIN)) = &cop__site_##n
#endif

/* Some linkers drop sections that only their bounds refer to. */
#if defined(__has_attribute)
#if __has_attribute(retain)
#define COP__RETAIN , retain
#endif
#endif
#ifndef COP__RETAIN
#define COP__RETAIN
#endif

/* ---- what an argument is, and how it is handed on ---- */

#define COP__SIZED(kind, type) ((kind) | (int)sizeof(type) << 4)

#define COP__PLACE(x) (void *)(uintptr_t)(x)

static inline uint64_t cop__word_of_int(int64_t value)
{
        return (uint64_t)value;
}

static inline uint64_t cop__word_of_uint(uint64_t value)
{
        return value;
}

static inline uint64_t cop__word_of_float(double value)
{
        uint64_t word;

        __builtin_memcpy(&word, &value, sizeof(word));
        return word;
}

static inline uint64_t cop__word_of_single(float value)
{
        return cop__word_of_float((double)value);
}

static inline uint64_t cop__word_of_text(const char *text)
{
        return (uint64_t)(uintptr_t)text;
}

static inline uint64_t cop__word_of_term(cop_term term)
{
        return term.word;
}

static inline uint64_t cop__word_of_pid(cop_pid pid)
{
        return pid.word;
}

static inline uint64_t cop__word_of_ref(cop_ref ref)
{
        return ref.word;
}

static inline struct cop__to cop__to_of(enum cop__kind kind, uint64_t word)
{
        struct cop__to to = { kind, word };

        return to;
}

#ifndef __cplusplus

#define COP__AUTO __auto_type

/* No default: an address of another type, or of something const, does not compile. */
#define COP__PLACE_KIND(x)                                                                         \
        _Generic((x),                                                                              \
                signed char *: COP__SIZED(COP__INT, char),                                         \
                short *: COP__SIZED(COP__INT, short),                                              \
                int *: COP__SIZED(COP__INT, int),                                                  \
                long *: COP__SIZED(COP__INT, long),                                                \
                long long *: COP__SIZED(COP__INT, long long),                                      \
                unsigned char *: COP__SIZED(COP__UINT, char),                                      \
                unsigned short *: COP__SIZED(COP__UINT, short),                                    \
                unsigned *: COP__SIZED(COP__UINT, int),                                            \
                unsigned long *: COP__SIZED(COP__UINT, long),                                      \
                unsigned long long *: COP__SIZED(COP__UINT, long long),                            \
                float *: COP__SIZED(COP__FLOAT, float),                                            \
                double *: COP__SIZED(COP__FLOAT, double),                                          \
                bool *: COP__SIZED(COP__BOOL, bool),                                               \
                char *: COP__TEXT,                                                                 \
                const char *: COP__TEXT,                                                           \
                cop_term *: COP__SIZED(COP__TERM, cop_term),                                       \
                cop_pid *: COP__SIZED(COP__PID, cop_pid),                                          \
                cop_ref *: COP__SIZED(COP__REF, cop_ref))

#define COP__VALUE_AS(x, as_int, as_uint, as_single, as_float, as_bool, as_text, as_term, as_pid,  \
                      as_ref)                                                                      \
        _Generic((x),                                                                              \
                char: as_int,                                                                      \
                signed char: as_int,                                                               \
                short: as_int,                                                                     \
                int: as_int,                                                                       \
                long: as_int,                                                                      \
                long long: as_int,                                                                 \
                unsigned char: as_uint,                                                            \
                unsigned short: as_uint,                                                           \
                unsigned: as_uint,                                                                 \
                unsigned long: as_uint,                                                            \
                unsigned long long: as_uint,                                                       \
                float: as_single,                                                                  \
                double: as_float,                                                                  \
                bool: as_bool,                                                                     \
                char *: as_text,                                                                   \
                const char *: as_text,                                                             \
                cop_term: as_term,                                                                 \
                cop_pid: as_pid,                                                                   \
                cop_ref: as_ref)

#define COP__VALUE_KIND(x)                                                                         \
        COP__VALUE_AS(x, COP__INT, COP__UINT, COP__FLOAT, COP__FLOAT, COP__BOOL, COP__TEXT,        \
                      COP__TERM, COP__PID, COP__REF)
#define COP__WORD(x)                                                                               \
        COP__VALUE_AS(x, cop__word_of_int, cop__word_of_uint, cop__word_of_single,                 \
                      cop__word_of_float, cop__word_of_uint, cop__word_of_text, cop__word_of_term, \
                      cop__word_of_pid, cop__word_of_ref)                                          \
        (x)

#define COP__TO(x)                                                                                 \
        cop__to_of(_Generic((x),                                                                   \
                           char *: COP__TEXT,                                                      \
                           const char *: COP__TEXT,                                                \
                           cop_term: COP__TERM,                                                    \
                           cop_pid: COP__PID,                                                      \
                           cop_ref: COP__REF),                                                     \
                   COP__WORD(x))

#else

extern "C++" {
#include <type_traits>
}

#define COP__AUTO auto

extern "C++" {

/* The kind of a value; no kind: does not compile. */
template <typename T, bool is_enum = std::is_enum<T>::value> struct cop__kind_of;
template <typename T>
struct cop__kind_of<T, true> : cop__kind_of<typename std::underlying_type<T>::type> {
};

#define COP__KIND_OF(type, kind)                                                                   \
        template <> struct cop__kind_of<type, false> {                                             \
                enum { value = kind };                                                             \
        }
COP__KIND_OF(char, COP__INT);
COP__KIND_OF(signed char, COP__INT);
COP__KIND_OF(short, COP__INT);
COP__KIND_OF(int, COP__INT);
COP__KIND_OF(long, COP__INT);
COP__KIND_OF(long long, COP__INT);
COP__KIND_OF(unsigned char, COP__UINT);
COP__KIND_OF(unsigned short, COP__UINT);
COP__KIND_OF(unsigned, COP__UINT);
COP__KIND_OF(unsigned long, COP__UINT);
COP__KIND_OF(unsigned long long, COP__UINT);
COP__KIND_OF(float, COP__FLOAT);
COP__KIND_OF(double, COP__FLOAT);
COP__KIND_OF(bool, COP__BOOL);
COP__KIND_OF(char *, COP__TEXT);
COP__KIND_OF(const char *, COP__TEXT);
COP__KIND_OF(cop_term, COP__TERM);
COP__KIND_OF(cop_pid, COP__PID);
COP__KIND_OF(cop_ref, COP__REF);
#undef COP__KIND_OF

/* The kind of an address. */
template <typename T> struct cop__place_kind_of;
template <typename T> struct cop__place_kind_of<T *> {
        static_assert(!std::is_const<T>::value, "what a pattern writes to must not be const");
        static_assert(!std::is_pointer<T>::value, "a pattern cannot write to a pointer");
        enum { value = COP__SIZED(cop__kind_of<T>::value, T) };
};
template <> struct cop__place_kind_of<char *> {
        enum { value = COP__TEXT };
};
template <> struct cop__place_kind_of<const char *> {
        enum { value = COP__TEXT };
};

template <typename T> inline uint64_t cop__word_of(T value)
{
        return (uint64_t)value;
}
inline uint64_t cop__word_of(float value)
{
        return cop__word_of_single(value);
}
inline uint64_t cop__word_of(double value)
{
        return cop__word_of_float(value);
}
inline uint64_t cop__word_of(const char *value)
{
        return cop__word_of_text(value);
}
inline uint64_t cop__word_of(char *value)
{
        return cop__word_of_text(value);
}
inline uint64_t cop__word_of(cop_term value)
{
        return value.word;
}
inline uint64_t cop__word_of(cop_pid value)
{
        return value.word;
}
inline uint64_t cop__word_of(cop_ref value)
{
        return value.word;
}

} /* extern "C++" */

#define COP__PLACE_KIND(x) cop__place_kind_of<decltype(x)>::value
#define COP__VALUE_KIND(x) cop__kind_of<decltype(x)>::value
#define COP__WORD(x)       cop__word_of(x)
#define COP__TO(x)                                                                                 \
        cop__to_of((enum cop__kind)cop__kind_of<std::decay<decltype(x)>::type>::value,             \
                   cop__word_of(x))

#endif

/* ---- lists of up to 16 ---- */

/* clang-format off */

/* How many arguments follow the pattern. */
#define COP__COUNT(...)                                                                            \
        COP__COUNT_(__VA_ARGS__, MANY, MANY, MANY, MANY, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,   \
                    5, 4, 3, 2, 1, 0, ~)
#define COP__COUNT_(p, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, q, r, s, t, u, count, ...)     \
        count

/* A local variable for each argument, numbered downwards: the last one is 1. */
#define COP__LET_0(n, p)      (void)0
#define COP__LET_1(n, p, a)   COP__AUTO cop__arg_##n##_1 = (a)
#define COP__LET_2(n, p, a, ...)  COP__AUTO cop__arg_##n##_2 = (a); COP__LET_1(n, p, __VA_ARGS__)
#define COP__LET_3(n, p, a, ...)  COP__AUTO cop__arg_##n##_3 = (a); COP__LET_2(n, p, __VA_ARGS__)
#define COP__LET_4(n, p, a, ...)  COP__AUTO cop__arg_##n##_4 = (a); COP__LET_3(n, p, __VA_ARGS__)
#define COP__LET_5(n, p, a, ...)  COP__AUTO cop__arg_##n##_5 = (a); COP__LET_4(n, p, __VA_ARGS__)
#define COP__LET_6(n, p, a, ...)  COP__AUTO cop__arg_##n##_6 = (a); COP__LET_5(n, p, __VA_ARGS__)
#define COP__LET_7(n, p, a, ...)  COP__AUTO cop__arg_##n##_7 = (a); COP__LET_6(n, p, __VA_ARGS__)
#define COP__LET_8(n, p, a, ...)  COP__AUTO cop__arg_##n##_8 = (a); COP__LET_7(n, p, __VA_ARGS__)
#define COP__LET_9(n, p, a, ...)  COP__AUTO cop__arg_##n##_9 = (a); COP__LET_8(n, p, __VA_ARGS__)
#define COP__LET_10(n, p, a, ...) COP__AUTO cop__arg_##n##_10 = (a); COP__LET_9(n, p, __VA_ARGS__)
#define COP__LET_11(n, p, a, ...) COP__AUTO cop__arg_##n##_11 = (a); COP__LET_10(n, p, __VA_ARGS__)
#define COP__LET_12(n, p, a, ...) COP__AUTO cop__arg_##n##_12 = (a); COP__LET_11(n, p, __VA_ARGS__)
#define COP__LET_13(n, p, a, ...) COP__AUTO cop__arg_##n##_13 = (a); COP__LET_12(n, p, __VA_ARGS__)
#define COP__LET_14(n, p, a, ...) COP__AUTO cop__arg_##n##_14 = (a); COP__LET_13(n, p, __VA_ARGS__)
#define COP__LET_15(n, p, a, ...) COP__AUTO cop__arg_##n##_15 = (a); COP__LET_14(n, p, __VA_ARGS__)
#define COP__LET_16(n, p, a, ...) COP__AUTO cop__arg_##n##_16 = (a); COP__LET_15(n, p, __VA_ARGS__)

/* f of each of these variables, with a comma behind it. */
#define COP__FOR_0(f, n)
#define COP__FOR_1(f, n)  f(cop__arg_##n##_1),
#define COP__FOR_2(f, n)  f(cop__arg_##n##_2), COP__FOR_1(f, n)
#define COP__FOR_3(f, n)  f(cop__arg_##n##_3), COP__FOR_2(f, n)
#define COP__FOR_4(f, n)  f(cop__arg_##n##_4), COP__FOR_3(f, n)
#define COP__FOR_5(f, n)  f(cop__arg_##n##_5), COP__FOR_4(f, n)
#define COP__FOR_6(f, n)  f(cop__arg_##n##_6), COP__FOR_5(f, n)
#define COP__FOR_7(f, n)  f(cop__arg_##n##_7), COP__FOR_6(f, n)
#define COP__FOR_8(f, n)  f(cop__arg_##n##_8), COP__FOR_7(f, n)
#define COP__FOR_9(f, n)  f(cop__arg_##n##_9), COP__FOR_8(f, n)
#define COP__FOR_10(f, n) f(cop__arg_##n##_10), COP__FOR_9(f, n)
#define COP__FOR_11(f, n) f(cop__arg_##n##_11), COP__FOR_10(f, n)
#define COP__FOR_12(f, n) f(cop__arg_##n##_12), COP__FOR_11(f, n)
#define COP__FOR_13(f, n) f(cop__arg_##n##_13), COP__FOR_12(f, n)
#define COP__FOR_14(f, n) f(cop__arg_##n##_14), COP__FOR_13(f, n)
#define COP__FOR_15(f, n) f(cop__arg_##n##_15), COP__FOR_14(f, n)
#define COP__FOR_16(f, n) f(cop__arg_##n##_16), COP__FOR_15(f, n)

/* More than 16 arguments. */
#define COP__LET_MANY(...) int cop__a_pattern_takes_at_most_16_arguments[-1]
#define COP__FOR_MANY(f, n)
/* clang-format on */

#endif
