/*
 * parse.h: what was typed, as a tree.
 */
#ifndef COP_CONSOLE_PARSE_H
#define COP_CONSOLE_PARSE_H

#include <coppice/term.h>

/*
 * A statement as a term in the memory of the turn:
 *
 *     {value, Term}                     what has no variable and no call in it
 *     {text, Characters}                "text": of an argument, C's; elsewhere a list of characters
 *     {var, Name}  {pin, Name}          X, ^X
 *     {call, Name, [Argument, ...]}     name(...), and `name ...` of a helper
 *     {tuple, [...]}  {list, [...], Tail}  {map, [{Key, Value}, ...]}
 *     {match, Pattern, Expression}      Pattern = Expression
 */
struct statement {
        cop_term tree;   /* COP_NONE: there was nothing, or it is wrong */
        bool incomplete; /* more lines would make it right */
        char error[200]; /* what is wrong; "": nothing */
};

struct statement cop__console_parse(const char *text, size_t size);

#endif
