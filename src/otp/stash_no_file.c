/*
 * stash_no_file.c: where LMDB is not there, a stash has no files; its start says so.
 */
#include "otp/stash_file.h"

#include <coppice/match.h>
#include <coppice/process.h>

cop_term cop__stash_file_open(const struct stash_file_options *options, struct stash_file **file)
{
        return cop_build("unsupported");
}

cop_term cop__stash_file_find(struct stash_file *file, uint64_t number)
{
        cop_error("unsupported");
}

cop_term cop__stash_file_put(struct stash_file *file, uint64_t number, cop_term binary)
{
        cop_error("unsupported");
}

cop_term cop__stash_file_all(struct stash_file *file)
{
        cop_error("unsupported");
}
