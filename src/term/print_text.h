/*
 * print_text.h: atoms, texts and binaries as text; parts of the printer.
 *
 * `most` is the number of characters or bytes that are shown before `...`.
 */
#ifndef COP_TERM_PRINT_TEXT_H
#define COP_TERM_PRINT_TEXT_H

#include "base/buffer.h"
#include "term/value.h"

/* Is it a character of texts: printable Latin-1, or white space? */
bool cop__is_printable(int64_t rune);

/* One character between quotes of this kind, escaped where it must be. */
void cop__print_rune(struct buffer *buffer, int32_t rune, char quote);

/* Is the term a proper list, not empty, of printable characters? */
bool cop__is_printable_list(cop_term list);
void cop__print_list_text(struct buffer *buffer, cop_term list, size_t most);

/* Is the bit string a binary, not empty, of printable characters in UTF-8? */
bool cop__is_printable_binary(cop_term bits);
void cop__print_binary_text(struct buffer *buffer, cop_term bits, size_t most);

/* Any bit string as <<1,2,3:4>>. */
void cop__print_bytes(struct buffer *buffer, cop_term bits, size_t most);

#endif
