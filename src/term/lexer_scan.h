/*
 * lexer_scan.h: what the two halves of the lexer share.
 *
 * lexer.c knows tokens; lexer_text.c what stands in quotes. Nobody else includes this.
 */
#ifndef COP_TERM_LEXER_SCAN_H
#define COP_TERM_LEXER_SCAN_H

#include "base/utf8.h"
#include "term/lexer.h"

enum {
        ATOM_CHARACTERS_MOST = 255,
        BASE_MOST = 36,
        NO_DIGIT = 99,
};

/* The byte that is so far ahead; 0 at the end. */
static inline char peek(const struct lexer *lexer, size_t ahead)
{
        size_t left = lexer->size - lexer->at.offset;

        return ahead < left ? lexer->text[lexer->at.offset + ahead] : '\0';
}

static inline bool at_end(const struct lexer *lexer)
{
        return lexer->at.offset == lexer->size;
}

/* The character at this offset and how many bytes it has; RUNE_NONE at the end and at bytes that
 * are no UTF-8. */
static inline int32_t look_at(const struct lexer *lexer, size_t offset, size_t *bytes)
{
        const char *start = lexer->text + offset;
        const char *behind = start;
        int32_t rune;

        if (offset < lexer->size && (unsigned char)*start < 0x80) {
                *bytes = 1;
                return *start;
        }
        rune = cop__utf8_next(&behind, lexer->text + lexer->size);
        *bytes = (size_t)(behind - start);
        return rune;
}

/* The next character. */
static inline int32_t look(const struct lexer *lexer, size_t *bytes)
{
        return look_at(lexer, lexer->at.offset, bytes);
}

static inline void advance(struct lexer *lexer, int32_t rune, size_t bytes)
{
        lexer->at.offset += bytes;
        if (rune == '\n') {
                lexer->at.line++;
                lexer->at.column = 1;
        } else {
                lexer->at.column++;
        }
}

/* Past characters that are one byte and no line end each. */
static inline void advance_ascii(struct lexer *lexer, size_t count)
{
        lexer->at.offset += count;
        lexer->at.column += (uint32_t)count;
}

/* The next character, and past it. */
static inline int32_t take(struct lexer *lexer)
{
        size_t bytes;
        int32_t rune = look(lexer, &bytes);

        if (rune != RUNE_NONE)
                advance(lexer, rune, bytes);
        return rune;
}

static inline bool is_space(int32_t rune)
{
        return (rune >= 0 && rune <= ' ') || (rune >= 0x80 && rune <= 0xa0);
}

/* What a digit is worth in bases up to BASE_MOST; NO_DIGIT where it is none. */
static inline int digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 10;
        return NO_DIGIT;
}

static inline bool is_triple(const struct lexer *lexer)
{
        return peek(lexer, 0) == '"' && peek(lexer, 1) == '"' && peek(lexer, 2) == '"';
}

/* Stands where there is no character: says whether it is the end or bytes that are no UTF-8. */
void cop__lexer_fail_here(struct lexer *lexer, struct text_place start, const char *what);

/* An atom may have so many characters and no more. */
void cop__lexer_check_atom(struct lexer *lexer, const struct token *token, size_t characters);

/* Behind a backslash, which stands at `start`. What it means; RUNE_NONE after an error. */
int32_t cop__lexer_escape(struct lexer *lexer, struct text_place start);

/* A text up to `close`, whose beginning is behind us, becomes the token's; `what` it is, for
 * messages. */
void cop__lexer_text(struct lexer *lexer, struct token *token, int32_t close, bool verbatim,
                     const char *what);

/* At three quotes: a triple-quoted string becomes the token's text. */
void cop__lexer_triple(struct lexer *lexer, struct token *token, bool verbatim);

/* At ~: a string of whatever kind follows. */
void cop__lexer_sigil(struct lexer *lexer, struct token *token);

#endif
