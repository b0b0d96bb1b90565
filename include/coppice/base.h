/*
 * coppice/base.h: what every header of Coppice needs of the compiler.
 *
 * Nothing here is about processes or terms; programs do not include it themselves.
 */
#ifndef COPPICE_BASE_H
#define COPPICE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define COP_BEGIN_DECLS extern "C" {
#define COP_END_DECLS   }
#else
#define COP_BEGIN_DECLS
#define COP_END_DECLS
#endif

/* Part of the public interface: visible outside the library. */
#define COP_API __attribute__((visibility("default")))

#define COP_NORETURN       __attribute__((noreturn))
#define COP_PRINTF(at, of) __attribute__((format(printf, at, of)))
#define COP_MUST_USE       __attribute__((warn_unused_result))

/* Callbacks have fixed shapes, so a parameter that one of them does not use is no mistake. */
#ifndef COP_WARN_UNUSED_PARAMETERS
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif

/* Designated initialisers leave out what is zero; that is what they are for. */
#ifdef __cplusplus
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

/*
 * A pointer to options of a type: COP_OPTIONS(struct cop_spawn_options, .link = true). Valid in the
 * block it stands in (C) or the expression (C++).
 */
#ifndef __cplusplus
#define COP_OPTIONS(type, ...) (&(const type){ .struct_size = sizeof(type), __VA_ARGS__ })
#else
extern "C++" {
template <typename T> inline const T *cop__lend(const T &value)
{
        return &value;
}
}
#define COP_OPTIONS(type, ...) cop__lend<type>({ .struct_size = sizeof(type), __VA_ARGS__ })
#endif

/* A place in the program's source, for reasons and reports. */
struct cop_place {
        const char *file;
        const char *function;
        int line;
};

/* The place where it stands, as a pointer that is valid for ever. */
#define COP_HERE                                                                                   \
        __extension__({                                                                            \
                static const struct cop_place cop__here = { __FILE__, __func__, __LINE__ };        \
                &cop__here;                                                                        \
        })

#endif
