#include "inspect/text.h"

#include <string.h>

#include "term/host.h"

const char *cop__text_of_turn(struct buffer *buffer)
{
        size_t size = buffer->size;
        char *text = (char *)cop__region_try_take(here(), size / sizeof(uint64_t) + 1);

        if (text && size > 0)
                memcpy(text, buffer->bytes, size);
        cop__buffer_release(buffer);
        if (!text)
                cop__fail_limit("memory");
        text[size] = '\0';
        return text;
}
