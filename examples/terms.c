/*
 * terms: reads requests as Erlang writes them, takes them apart, and answers in kind.
 *
 *     $ terms '{add, [1, 2, 39]}' '{reverse, <<"coppice">>}' '{divide, 1, 0}'
 *     {ok,42}
 *     {ok,<<"ecippoc">>}
 *     {error,{not_understood,{divide,1,0}}}
 */
#include <coppice.h>

#include <stdio.h>
#include <string.h>

static cop_term sum(cop_term numbers)
{
        int64_t total = 0;

        COP_EACH (number, numbers)
                total += cop_to_int(number);
        return cop_build("{ok, Total}", total);
}

static cop_term reverse(cop_term binary)
{
        const uint8_t *bytes = cop_to_bytes(binary);
        size_t size = cop_byte_size(binary);
        uint8_t turned[256];
        size_t i;

        if (size > sizeof(turned))
                return cop_build("{error, too_long}");
        for (i = 0; i < size; i++)
                turned[i] = bytes[size - 1 - i];
        return cop_build("{ok, Turned}", cop_binary(turned, size));
}

static cop_term answer(cop_term request)
{
        cop_term what;

        if (cop_match(request, "{add, Numbers}", &what) && cop_is_list(what))
                return sum(what);
        if (cop_match(request, "{reverse, Binary}", &what) && cop_is_binary(what))
                return reverse(what);
        return cop_build("{error, {not_understood, Request}}", request);
}

static void answer_text(const char *text)
{
        struct cop_read_result read = cop_try_read(text, strlen(text), .depth_max = 100);

        if (*read.error)
                cop_print(cop_build("{error, {Line, Column, Why}}", read.line, read.column,
                                    read.error));
        else
                cop_print(answer(read.term));
}

int main(int argc, char **argv)
{
        static const char *const requests[] = { "{add, [1, 2, 39]}", "{reverse, <<\"coppice\">>}",
                                                "{divide, 1, 0}", "[1, 2" };
        int i;

        for (i = 1; i < argc; i++)
                answer_text(argv[i]);
        for (i = 0; argc == 1 && i < 4; i++) {
                printf("> %s\n", requests[i]);
                answer_text(requests[i]);
        }
        return 0;
}
