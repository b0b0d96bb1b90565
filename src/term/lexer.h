/*
 * lexer.h: Erlang text as tokens.
 *
 * The reader of terms and the parser of patterns both stand on it. It takes UTF-8 of a known length
 * (a zero byte is a character like any other) and hands out one token at a time, each with its
 * place. Comments and white space are gone; escapes are resolved; adjacent strings are still apart.
 */
#ifndef COP_TERM_LEXER_H
#define COP_TERM_LEXER_H

#include "base/buffer.h"
#include "term/value.h"

/* Punctuation, once: its name and how it is written. Where one begins with another, the longer one
 * stands first. */
#define COP__PUNCTUATION(X)                                                                        \
        X(ELLIPSIS, "...")                                                                         \
        X(EXACTLY, "=:=")                                                                          \
        X(NOT_EXACTLY, "=/=")                                                                      \
        X(MAP_PUT, "=>")                                                                           \
        X(MAP_MATCH, ":=")                                                                         \
        X(BITS_OPEN, "<<")                                                                         \
        X(BITS_CLOSE, ">>")                                                                        \
        X(BARS, "||")                                                                              \
        X(ARROW, "->")                                                                             \
        X(BACK_ARROW, "<-")                                                                        \
        X(COLONS, "::")                                                                            \
        X(DOTS, "..")                                                                              \
        X(EQUAL, "==")                                                                             \
        X(NOT_EQUAL, "/=")                                                                         \
        X(AT_MOST, "=<")                                                                           \
        X(AT_LEAST, ">=")                                                                          \
        X(APPEND, "++")                                                                            \
        X(SUBTRACT, "--")                                                                          \
        X(PAREN_OPEN, "(")                                                                         \
        X(PAREN_CLOSE, ")")                                                                        \
        X(LIST_OPEN, "[")                                                                          \
        X(LIST_CLOSE, "]")                                                                         \
        X(BRACE_OPEN, "{")                                                                         \
        X(BRACE_CLOSE, "}")                                                                        \
        X(COMMA, ",")                                                                              \
        X(BAR, "|")                                                                                \
        X(HASH, "#")                                                                               \
        X(COLON, ":")                                                                              \
        X(SEMICOLON, ";")                                                                          \
        X(SLASH, "/")                                                                              \
        X(EQUALS, "=")                                                                             \
        X(LESS, "<")                                                                               \
        X(GREATER, ">")                                                                            \
        X(PLUS, "+")                                                                               \
        X(MINUS, "-")                                                                              \
        X(TIMES, "*")                                                                              \
        X(BANG, "!")                                                                               \
        X(QUESTION, "?")                                                                           \
        X(CARET, "^")

enum token_kind {
        TOKEN_END,      /* of the text */
        TOKEN_ERROR,    /* not Erlang: struct lexer says why; every further token is the same */
        TOKEN_STOP,     /* a full stop: a point before white space, a comment or the end */
        TOKEN_POINT,    /* a point before anything else, as in <0.1.2> */
        TOKEN_ATOM,     /* text; quoted says how it stood there */
        TOKEN_WORD,     /* a reserved word: text, such as fun or end; no atom unless quoted */
        TOKEN_VARIABLE, /* text, such as X or _ */
        TOKEN_INTEGER,  /* text: digits of `base`, without underscores and sign */
        TOKEN_FLOAT,    /* text: decimal, without underscores and sign; number */
        TOKEN_STRING,   /* text; adjacent ones are handed out one by one */
        TOKEN_BINARY,   /* text: a sigil (~"...") whose value is a binary in UTF-8 */
        TOKEN_CHAR,     /* rune, from $c */
#define X(name, text) TOKEN_##name,
        COP__PUNCTUATION(X)
#undef X
};

/* Where something stands. Lines and columns count from 1, columns in characters. */
struct text_place {
        size_t offset; /* bytes from the start */
        uint32_t line, column;
};

struct token {
        enum token_kind kind;
        bool quoted; /* an atom in quotes */
        bool small;  /* an integer whose value fits into `integer` */
        int base;    /* of an integer, 2 to 36 */
        struct text_place place;
        size_t end;       /* offset of the first byte behind it */
        const char *text; /* UTF-8, ended by no zero; valid until the next token is asked for */
        size_t size;
        union {
                uint64_t integer;
                double number;
                uint32_t rune;
        };
};

struct lexer {
        const char *text; /* lent; must outlive the lexer */
        size_t size;
        struct text_place at; /* of the next character */
        struct buffer value;  /* what a token's text points to where it is not the source itself */
        struct text_place error_place;
        char error[160]; /* what is wrong and what was expected; after TOKEN_ERROR */
        bool failed;
        bool incomplete; /* it failed because the text ended: more of it may make it right */
};

/* Borrows the text. Owns a buffer that cop__lexer_release() frees. */
void cop__lexer_init(struct lexer *lexer, const char *text, size_t size);
void cop__lexer_release(struct lexer *lexer);

/* The next token. At the end of the text TOKEN_END, as often as it is called. */
enum token_kind cop__lexer_next(struct lexer *lexer, struct token *token);

/* Says that something at this place is wrong, as the lexer does itself: every further token is
 * TOKEN_ERROR. The first one to say so stays. */
void cop__lexer_fail(struct lexer *lexer, struct text_place place, const char *format, ...)
        COP_PRINTF(3, 4);

/* Is it a word of Erlang, such as `end`, and no atom unless it is quoted? */
bool cop__is_reserved(const char *text, size_t size);

/* The same, because the text has ended there. */
void cop__lexer_fail_at_end(struct lexer *lexer, struct text_place place, const char *format, ...)
        COP_PRINTF(3, 4);

/* What stands there, for messages: `'foo'`, `string "..."`, `end of text`. */
void cop__token_describe(const struct token *token, char *into, size_t room);

#endif
