/*
 * subcommand.c: what stands behind a subcommand's name, taken apart as the table says.
 */
#include "tool/subcommand.h"

#include <stddef.h>
#include <string.h>

#include "tool/text.h"

enum { WORDS_MOST = 10000, SUBCOMMANDS_MOST = 32 };

const struct subcommand *subcommand_find(const char *name)
{
        const struct subcommand *s;

        for (s = subcommands; s->name; s++)
                if (strcmp(s->name, name) == 0)
                        return s;
        return NULL;
}

const char *subcommand_nearest(const char *name)
{
        const char *names[SUBCOMMANDS_MOST + 1];
        int n = 0;

        while (subcommands[n].name && n < SUBCOMMANDS_MOST) {
                names[n] = subcommands[n].name;
                n++;
        }
        names[n] = NULL;
        return text_nearest(name, names);
}

static int unknown_option(const struct subcommand *s, const char *word)
{
        const char *names[OPTIONS_MOST + 1];
        const char *nearest;
        int n;

        for (n = 0; s->options[n].name; n++)
                names[n] = s->options[n].name;
        names[n] = NULL;
        nearest = text_nearest(word, names);
        return complain("cop %s has no option %s%s%s; cop help %s says which there are", s->name,
                        text_harmless(word), nearest ? "; did you mean " : "",
                        nearest ? nearest : "", s->name);
}

/* Takes an option at *words, and its argument; moves *words to the last word that it took. */
static int take_option(struct request *request, char ***words)
{
        const struct subcommand *s = request->subcommand;
        const char *word = **words;
        size_t size = strcspn(word, "=");
        int i;

        for (i = 0; s->options[i].name; i++) {
                const struct option *option = &s->options[i];

                if (strlen(option->name) != size || strncmp(option->name, word, size) != 0)
                        continue;
                if (!option->argument && word[size])
                        return complain("cop %s %s takes no value, and has %s; leave that out",
                                        s->name, option->name, text_harmless(word + size));
                if (!option->argument)
                        request->values[i] = "";
                else if (word[size])
                        request->values[i] = word + size + 1;
                else if ((*words)[1])
                        request->values[i] = *++*words;
                else
                        return complain("cop %s %s lacks its value; write %s %s", s->name,
                                        option->name, option->name, option->argument);
                return 0;
        }
        return unknown_option(s, word);
}

static int check_words(const struct request *request)
{
        const struct subcommand *s = request->subcommand;

        if (request->word_count < s->words_min)
                return complain("cop %s lacks a word; call it so: cop %s %s", s->name, s->name,
                                s->usage);
        if (request->word_count <= s->words_max)
                return 0;
        if (s->takes_rest)
                return complain("cop %s takes no %s; what the program is to get stands after --: "
                                "cop %s -- %s",
                                s->name, text_harmless(request->words[0]), s->name,
                                text_harmless(request->words[0]));
        return complain("cop %s cannot do anything with %s; call it so: cop %s%s%s", s->name,
                        text_harmless(request->words[s->words_max]), s->name, *s->usage ? " " : "",
                        s->usage);
}

int subcommand_run(const struct subcommand *subcommand, char **words)
{
        static const char *taken[WORDS_MOST];
        static const char *const nothing[] = { NULL };
        struct request request = { .subcommand = subcommand, .words = taken, .rest = nothing };
        int status;

        for (; *words; words++) {
                if (strcmp(*words, "--") == 0 && subcommand->takes_rest) {
                        request.rest = (const char *const *)words + 1;
                        break;
                }
                if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0) {
                        request.words = &subcommand->name;
                        request.word_count = 1;
                        memset(request.values, 0, sizeof(request.values));
                        return tool_help(&request);
                }
                if ((*words)[0] == '-' && (*words)[1]) {
                        status = take_option(&request, &words);
                        if (status != 0)
                                return status;
                } else if (request.word_count < WORDS_MOST) {
                        taken[request.word_count++] = *words;
                } else {
                        return complain("cop %s takes %d words at most; call it more than once",
                                        subcommand->name, WORDS_MOST);
                }
        }
        status = check_words(&request);
        return status ? status : subcommand->run(&request);
}
