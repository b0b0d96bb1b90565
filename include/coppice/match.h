/*
 * coppice/match.h: taking terms apart, and putting them together, as Erlang writes them.
 *
 *     int64_t delta;
 *
 *     if (cop_match(request, "{increment_number, Delta}", &delta))
 *             s->current += delta;
 *
 *     return cop_build("{ok, Current, History}", s->current, s->history);
 *
 * A pattern is a text literal in Erlang's syntax. Its variables stand for the arguments, in the
 * order in which they first appear. Every pattern of a program is read, and checked against the
 * types of its arguments, when the program starts, executed or not (in C++ when it is first
 * executed); a wrong one is reported with its file and line. After that, matching and building take
 * some nanoseconds.
 *
 * What a pattern is made of
 *
 *     ok  'an atom'  42  -1  16#ff  $a  2.5     atoms and numbers, as in Erlang
 *     "text"  <<"text">>  <<1, 2, 3>>           lists of characters, binaries
 *     {a, b}  [a, b]  [H | T]  #{k => V}        tuples, lists, maps: of anything, up to 64 deep
 *     X                                         a variable: the next argument, up to 16 of them
 *
 * and where it is matched
 *
 *     X ... X                    the same name twice: both must be the same
 *     _  _Anything               whatever stands there; takes no argument
 *     ^X                         equal to what its argument points to now
 *     #{k := V}                  a map that has this key, and maybe others. #{} is any map
 *     <<"GET ", Rest/binary>>    a binary that begins so
 *     <<Size:16, Data:Size/binary, _/bits>>
 *                                integers of up to 64 bits (also signed, little), and parts whose
 *                                size is a number or was matched before
 */
#ifndef COPPICE_MATCH_H
#define COPPICE_MATCH_H

#include <coppice/site.h>

/*
 * cop_match(term, "pattern", &a, &b, ...): does the term have this form?
 *
 * The type of each target says what may stand there:
 *
 *     int64_t *, int *, uint8_t *, ...   an integer in the type's range
 *     double *, float *                  a float (not an integer)
 *     bool *                             true or false
 *     cop_pid *, cop_ref *               a process, a reference
 *     cop_term *                         anything
 *     char *, const char * (a text)      only as ^X: a binary of just these characters
 *
 * A target of any other type, and one that is const, does not compile.
 *
 * Returns   true, and every target is written; false, and none is.
 */
#define cop_match(term, ...) COP__MATCHING(cop__match, (, (term)), __VA_ARGS__)

/*
 * cop_build("pattern", a, b, ...): the term that is written so, with these values in it.
 *
 *     integers of any C type             integers
 *     double, float                      floats; badarg where it is infinite or no number
 *     bool                               true or false. In C `a == b` and `true` are of type int
 *                                        and become 0 or 1: write cop_bool(a == b)
 *     char *, const char *               a binary of the characters; badarg of NULL
 *     cop_pid, cop_ref, cop_term         itself; badarg of COP_NONE
 *
 * An enum is an integer. A bit-field needs a cast. A name twice is the same value twice. _, ^ and
 * := have no meaning here. Of equal keys of a map the last one counts.
 *
 * Returns   a term that lives until the end of the turn, as all that is made.
 */
#define cop_build(...) COP__BUILDING(cop__build, (), __VA_ARGS__)

COP_BEGIN_DECLS

COP_API bool cop__match(struct cop__site *site, void *const *places, cop_term term);
COP_API cop_term cop__build(struct cop__site *site, const uint64_t *values);

COP_END_DECLS

#endif
