/*
 * sanitizers.h: which checker the build is for, and its interface.
 *
 * COP_ASAN and COP_TSAN are 1 in builds for AddressSanitizer and ThreadSanitizer, with gcc and with
 * clang, and 0 otherwise. NO_SANITIZE is for the few functions that stand between two stacks, where
 * what the sanitizer believes about the stack is wrong for a moment.
 */
#ifndef COP_BASE_SANITIZERS_H
#define COP_BASE_SANITIZERS_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define COP_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define COP_TSAN 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) && !defined(COP_ASAN)
#define COP_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(COP_TSAN)
#define COP_TSAN 1
#endif
#ifndef COP_ASAN
#define COP_ASAN 0
#endif
#ifndef COP_TSAN
#define COP_TSAN 0
#endif

#if COP_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if COP_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* clang's no_sanitize("thread") leaves the entry and exit of functions instrumented, and
 * disable_sanitizer_instrumentation the words to ASan before a call that does not return. */
#if defined(__clang__)
#define NO_SANITIZE __attribute__((disable_sanitizer_instrumentation, no_sanitize("address")))
#elif COP_ASAN || COP_TSAN
#define NO_SANITIZE __attribute__((no_sanitize("address", "thread")))
#else
#define NO_SANITIZE
#endif

#endif
