/*
 * help.c: the table in words: for the terminal, as a man page, and as scripts for bash and zsh.
 */
#include <stdio.h>
#include <string.h>

#include "coppice-config.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { MAN, BASH, ZSH }; /* the options, in the table's order */

static int width_of(const struct subcommand *s)
{
        return (int)(strlen(s->name) + strlen(s->usage)) + (*s->usage ? 1 : 0);
}

/* "--seed N" */
static const char *option_text(const struct option *o)
{
        return text_format("%s%s%s", o->name, o->argument ? " " : "",
                           o->argument ? o->argument : "");
}

static void print_options(const struct subcommand *s)
{
        const struct option *o;
        size_t width = 0;

        for (o = s->options; o->name; o++)
                if (strlen(option_text(o)) > width)
                        width = strlen(option_text(o));
        for (o = s->options; o->name; o++)
                printf("    %-*s  %s\n", (int)width, option_text(o), o->meaning);
        if (width > 0)
                printf("\n");
}

static int help_all(void)
{
        const struct subcommand *s;
        int width = 0;

        for (s = subcommands; s->name; s++)
                if (width_of(s) > width)
                        width = width_of(s);
        printf("cop %s.\n\n", tool_summary);
        for (s = subcommands; s->name; s++)
                printf("    cop %s%s%s%*s  %s\n", s->name, *s->usage ? " " : "", s->usage,
                       width - width_of(s), "", s->summary);
        printf("\ncop help SUBCOMMAND says more of one. The exit status is\n%s\n", tool_statuses);
        return TOOL_FINE;
}

static int help_one(const struct subcommand *s)
{
        printf("cop %s%s%s: %s.\n\n", s->name, *s->usage ? " " : "", s->usage, s->summary);
        print_options(s);
        printf("%s\n", s->text);
        return TOOL_FINE;
}

/* --- the man page ------------------------------------------------------------------------------
 */

static void print_troff(const char *text, size_t size)
{
        size_t i;

        if (size > 0 && (text[0] == '.' || text[0] == '\''))
                printf("\\&");
        for (i = 0; i < size; i++) {
                if (text[i] == '\\')
                        printf("\\e");
                else if (text[i] == '-')
                        printf("\\-");
                else if (text[i] == '\'')
                        printf("\\(aq");
                else if (text[i] == '^')
                        printf("\\(ha");
                else
                        putchar(text[i]);
        }
        putchar('\n');
}

/* Paragraphs are filled; lines that begin with spaces stay as they are. */
static void man_text(const char *text)
{
        bool as_is = false;

        while (*text) {
                size_t size = strcspn(text, "\n");

                if (size > 0 && (*text == ' ') != as_is) {
                        as_is = !as_is;
                        printf(as_is ? ".RS 4\n.nf\n" : ".fi\n.RE\n.PP\n");
                }
                if (size == 0)
                        printf(as_is ? "" : ".PP\n");
                else if (as_is)
                        print_troff(text + 4, size - 4);
                else
                        print_troff(text, size);
                text += size + (text[size] == '\n');
        }
        if (as_is)
                printf(".fi\n.RE\n");
}

static int help_man(void)
{
        const struct subcommand *s;
        const struct option *o;

        printf(".TH COP 1 \"\" \"Coppice %s\" \"Coppice\"\n.SH NAME\ncop \\- %s\n", COP_VERSION,
               tool_summary);
        printf(".SH SYNOPSIS\n.nf\n");
        for (s = subcommands; s->name; s++) {
                const char *line = text_format("cop %s %s", s->name, s->usage);

                print_troff(line, strlen(line));
        }
        printf(".fi\n.SH DESCRIPTION\n");
        for (s = subcommands; s->name; s++) {
                const char *line = text_format("cop %s %s", s->name, s->usage);

                printf(".SS ");
                print_troff(line, strlen(line));
                for (o = s->options; o->name; o++) {
                        line = option_text(o);
                        printf(".TP\n");
                        print_troff(line, strlen(line));
                        print_troff(o->meaning, strlen(o->meaning));
                }
                printf(s->options[0].name ? ".PP\n" : "");
                man_text(s->text);
        }
        printf(".SH EXIT STATUS\n");
        man_text(tool_statuses);
        printf(".SH SEE ALSO\n.BR coppice-server (3),\n.BR coppice-supervisor (3),\n"
               ".BR coppice-test (3)\n");
        return TOOL_FINE;
}

/* --- shells ------------------------------------------------------------------------------------
 */

static void print_names(void)
{
        const struct subcommand *s;

        for (s = subcommands; s->name; s++)
                printf("%s%s", s == subcommands ? "" : " ", s->name);
}

static int help_bash(void)
{
        const struct subcommand *s;
        const struct option *o;

        printf("# bash completes the words of cop. Made by cop help --bash.\n"
               "_cop()\n{\n"
               "        local word=${COMP_WORDS[COMP_CWORD]} words= files= reply\n\n"
               "        if [ \"$COMP_CWORD\" = 1 ]; then\n"
               "                words='");
        print_names();
        printf("'\n        else\n                case ${COMP_WORDS[1]} in\n");
        for (s = subcommands; s->name; s++) {
                printf("                %s) words='", s->name);
                for (o = s->options; o->name; o++)
                        printf("%s ", o->name);
                if (s->words_are == WORDS_ARE_SUBCOMMANDS)
                        print_names();
                printf("'%s ;;\n", s->words_are == WORDS_ARE_FILES ? " files=yes" : "");
        }
        printf("                esac\n        fi\n"
               "        COMPREPLY=()\n"
               "        while IFS= read -r reply; do COMPREPLY+=(\"$reply\"); done < <(\n"
               "                compgen -W \"$words\" -- \"$word\"\n"
               "                [ -z \"$files\" ] || compgen -f -- \"$word\")\n"
               "        [ -z \"$files\" ] || compopt -o filenames 2>/dev/null\n"
               "}\ncomplete -F _cop cop\n");
        return TOOL_FINE;
}

/* In single quotes, where brackets and colons mean something to _arguments and _describe. */
static void zsh_text(const char *text)
{
        for (; *text; text++) {
                if (*text == '\'')
                        printf("'\\''");
                else if (strchr("[]:\\", *text))
                        printf("\\%c", *text);
                else
                        putchar(*text);
        }
}

static void zsh_options(const struct subcommand *s)
{
        const struct option *o;

        for (o = s->options; o->name; o++) {
                printf(" \\\n                        '%s[", o->name);
                zsh_text(o->meaning);
                if (o->argument)
                        printf("]:%s:'", o->argument);
                else
                        printf("]'");
        }
}

static int help_zsh(void)
{
        const struct subcommand *s;

        printf("#compdef cop\n# zsh completes the words of cop. Made by cop help --zsh.\n"
               "_cop()\n{\n"
               "        local -a subcommands\n\n"
               "        subcommands=(\n");
        for (s = subcommands; s->name; s++) {
                printf("                '%s:", s->name);
                zsh_text(s->summary);
                printf("'\n");
        }
        printf("        )\n"
               "        if (( CURRENT == 2 )); then\n"
               "                _describe subcommand subcommands\n"
               "                return\n"
               "        fi\n"
               "        shift words\n"
               "        (( CURRENT-- ))\n"
               "        case $words[1] in\n");
        for (s = subcommands; s->name; s++) {
                printf("        %s)\n                _arguments '--help[says more of it]'",
                       s->name);
                zsh_options(s);
                if (s->words_are == WORDS_ARE_FILES)
                        printf(" \\\n                        '*:file:_files'");
                if (s->words_are == WORDS_ARE_SUBCOMMANDS) {
                        printf(" \\\n                        ':subcommand:(");
                        print_names();
                        printf(")'");
                }
                printf("\n                ;;\n");
        }
        printf("        esac\n}\n_cop \"$@\"\n");
        return TOOL_FINE;
}

int tool_help(const struct request *request)
{
        const struct subcommand *s;
        const char *name, *nearest;

        if (request->values[MAN])
                return help_man();
        if (request->values[BASH])
                return help_bash();
        if (request->values[ZSH])
                return help_zsh();
        if (request->word_count == 0)
                return help_all();
        name = request->words[0];
        s = subcommand_find(name);
        if (s)
                return help_one(s);
        nearest = subcommand_nearest(name);
        return complain("cannot help with %s: there is no such subcommand%s%s; cop help says which "
                        "there are",
                        text_harmless(name), nearest ? "; did you mean " : "",
                        nearest ? nearest : "");
}
