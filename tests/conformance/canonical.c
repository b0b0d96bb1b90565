/*
 * canonical.c: terms in the one way in which traces write them, byte for byte that of the
 * reference's runner: Erlang's ~w, but maps in the standard order, processes by their labels,
 * references and stacks without what differs from run to run.
 */
#include <stdlib.h>
#include <string.h>

#include "runner.h"

struct out {
        FILE *file;
        cop_term people;
        bool marks_ends; /* of words, so that a word comes before those that it begins */
};

static void put(struct out *out, cop_term term);

static bool is_proper(cop_term list)
{
        while (cop_is_list(list) && !cop_is_nil(list))
                list = cop_tail(list);
        return cop_is_nil(list);
}

static bool is_frame(cop_term frame)
{
        cop_term module, function, arity, where;

        return cop_match(frame, "{M, F, A, W}", &module, &function, &arity, &where) &&
               cop_is_atom(module) && cop_is_atom(function) &&
               (cop_is_int(arity) || cop_is_list(arity)) && cop_is_list(where);
}

static bool is_stack(cop_term list)
{
        if (!cop_is_list(list) || cop_is_nil(list) || !is_proper(list))
                return false;
        COP_EACH (frame, list)
                if (!is_frame(frame))
                        return false;
        return true;
}

static void put_list(struct out *out, cop_term list)
{
        const char *between = "";

        fputc('[', out->file);
        while (cop_is_list(list) && !cop_is_nil(list)) {
                fputs(between, out->file);
                put(out, cop_head(list));
                list = cop_tail(list);
                between = ",";
        }
        if (!cop_is_nil(list)) {
                fputc('|', out->file);
                put(out, list);
        }
        fputc(']', out->file);
}

static void put_tuple(struct out *out, cop_term tuple)
{
        size_t i;

        fputc('{', out->file);
        for (i = 0; i < cop_tuple_size(tuple); i++) {
                if (i > 0)
                        fputc(',', out->file);
                put(out, cop_element(tuple, i));
        }
        fputc('}', out->file);
}

static void put_map(struct out *out, cop_term map)
{
        cop_term pairs = cop_nil();
        const char *between = "";
        size_t i;

        for (i = 0; i < cop_map_size(map); i++)
                pairs = cop_cons(cop_build("{K, V}", cop_map_key(map, i), cop_map_value(map, i)),
                                 pairs);
        fputs("#{", out->file);
        COP_EACH (pair, cop_sort(pairs)) {
                fputs(between, out->file);
                put(out, cop_element(pair, 0));
                fputs(" => ", out->file);
                put(out, cop_element(pair, 1));
                between = ",";
        }
        fputc('}', out->file);
}

static void put_binary(struct out *out, cop_term binary)
{
        size_t i;

        fputs("<<", out->file);
        for (i = 0; i < cop_byte_size(binary); i++)
                fprintf(out->file, i > 0 ? ",%u" : "%u", cop_to_bytes(binary)[i]);
        fputs(">>", out->file);
}

static void put_pid(struct out *out, cop_term pid)
{
        cop_term known = cop_is_none(out->people) ? COP_NONE : cop_map_find(out->people, pid);
        cop_term label, incarnation;

        if (!cop_is_none(known) && cop_match(known, "{L, I, _, _, _}", &label, &incarnation))
                put(out, cop_build("{L, I}", label, incarnation));
        else
                fputs(cop_same(cop_to_pid(pid), cop_self()) ? "driver" : "pid", out->file);
}

/* {oracle_worker, start_link, Arguments} stands for {worker, B}. */
static bool put_start(struct out *out, cop_term term)
{
        cop_term module, arguments, what = cop_build("undefined");
        const char *name;

        if (!cop_match(term, "{M, start_link, A}", &module, &arguments))
                return false;
        if (cop_is(module, "oracle_worker"))
                name = "worker";
        else if (cop_is(module, "oracle_supervisor"))
                name = "supervisor";
        else
                return false;
        if (!cop_is(arguments, "undefined") && !cop_match(arguments, "[_, What | _]", &what))
                return false;
        put_tuple(out, cop_build("{Name, What}", cop_atom(name), what));
        return true;
}

static void put_word(struct out *out, const char *word)
{
        fputs(word, out->file);
        if (out->marks_ends)
                fputc(1, out->file);
}

static void put(struct out *out, cop_term term)
{
        if (cop_is_pid(term))
                put_pid(out, term);
        else if (cop_is_ref(term))
                fputs("ref", out->file);
        else if (cop_is(term, "oracle_worker"))
                fputs("worker", out->file);
        else if (cop_is(term, "oracle_supervisor") || cop_is(term, "conformance_supervisor"))
                fputs("supervisor", out->file);
        else if (cop_is_tuple(term) && cop_tuple_size(term) == 2 &&
                 cop_is(cop_element(term, 0), "$sorted"))
                put_list(out, sort_by_text(cop_element(term, 1), out->people, NULL));
        else if (cop_is_tuple(term) && !put_start(out, term))
                put_tuple(out, term);
        else if (cop_is_tuple(term))
                return;
        else if (cop_is_map(term))
                put_map(out, term);
        else if (is_stack(term))
                fputs("stack", out->file);
        else if (cop_is_list(term))
                put_list(out, term);
        else if (cop_is_binary(term))
                put_binary(out, term);
        else
                put_word(out, cop_show(term));
}

static const char *show(const char *before, cop_term term, cop_term people, bool marks_ends)
{
        struct out out = { .people = people, .marks_ends = marks_ends };
        char *bytes = NULL;
        size_t size = 0;
        const char *text;

        out.file = open_memstream(&bytes, &size);
        if (!out.file)
                abort();
        fputs(before, out.file);
        put(&out, term);
        fclose(out.file);
        text = cop_to_cstring(cop_binary(bytes, size));
        free(bytes);
        return text;
}

const char *canonical(cop_term term, cop_term people)
{
        return show("", term, people, false);
}

const char *canonical_line(cop_term term, cop_term people)
{
        return show("  ", term, people, false);
}

/* ---- sorting ---- */

struct keyed {
        const char *text;
        size_t at;
        cop_term element;
};

static int by_text(const void *a, const void *b)
{
        const struct keyed *first = a, *second = b;
        int order = strcmp(first->text, second->text);

        return order ? order : (first->at > second->at) - (first->at < second->at);
}

static cop_term sort(cop_term list, cop_term people, cop_term (*key)(cop_term element),
                     bool by_words)
{
        size_t count = cop_length(list), i = 0;
        struct keyed *keyed = calloc(count + 1, sizeof(*keyed));
        cop_term sorted = cop_nil();

        if (!keyed)
                abort();
        COP_EACH (element, list) {
                keyed[i].text = show("", key ? key(element) : element, people, by_words);
                keyed[i].at = i;
                keyed[i].element = element;
                i++;
        }
        qsort(keyed, count, sizeof(*keyed), by_text);
        while (count > 0)
                sorted = cop_cons(keyed[--count].element, sorted);
        free(keyed);
        return sorted;
}

cop_term sort_by_text(cop_term list, cop_term people, cop_term (*key)(cop_term element))
{
        return sort(list, people, key, false);
}

cop_term sort_by_words(cop_term list, cop_term people)
{
        return sort(list, people, NULL, true);
}
