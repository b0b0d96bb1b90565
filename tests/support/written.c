#include "support/written.h"

#include <stdlib.h>

#include <coppice/test.h>

#include "base/buffer.h"
#include "term/print.h"

const char *written(cop_term term)
{
        static struct buffer out;

        cop__buffer_release(&out);
        cop__buffer_init(&out, SIZE_MAX);
        cop__print(&out, term, &(struct print_options){ .form = PRINT_WRITE });
        cop_assert(!out.failed);
        return out.bytes;
}

struct bytes bytes_of(const char *digits)
{
        struct bytes bytes = { .size = 0 };

        while (*digits) {
                char pair[3] = { digits[0], digits[1], '\0' };

                cop_assert(bytes.size < sizeof(bytes.at));
                if (*digits == ' ') {
                        digits++;
                } else if (*digits == '\'') {
                        for (digits++; *digits != '\''; digits++)
                                bytes.at[bytes.size++] = (uint8_t)*digits;
                        digits++;
                } else {
                        bytes.at[bytes.size++] = (uint8_t)strtoul(pair, NULL, 16);
                        digits += 2;
                }
        }
        return bytes;
}
