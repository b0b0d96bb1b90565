/*
 * stash_file.h: a file that holds bytes under numbers, for a stash.
 *
 * stash_lmdb.c is it; stash_no_file.c stands in its place where LMDB is not there. All of it runs in
 * the process of the stash, which the file dies with.
 */
#ifndef COP_OTP_STASH_FILE_H
#define COP_OTP_STASH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <coppice/term.h>

struct stash_file;

struct stash_file_options {
        const char *path;
        size_t size_max;
        bool sync;
};

/*
 * Opens the file, or makes it; the process owns it from now on.
 *
 * Returns   COP_NONE and *file; or why not: busy, unsupported, or a text.
 * Blocks    while the disk works.
 */
cop_term cop__stash_file_open(const struct stash_file_options *options, struct stash_file **file);

/* The binary under this number, COP_NONE where there is none. */
cop_term cop__stash_file_find(struct stash_file *file, uint64_t number);

/*
 * This binary is under the number from now on; COP_NONE: nothing is.
 *
 * Returns   COP_NONE; or why not (full, or a text), and the file is as it was.
 * Blocks    while the disk works.
 */
cop_term cop__stash_file_put(struct stash_file *file, uint64_t number, cop_term binary);

/* All binaries, as a list. */
cop_term cop__stash_file_all(struct stash_file *file);

#endif
