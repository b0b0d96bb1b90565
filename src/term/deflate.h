/*
 * deflate.h: bytes made shorter, and back, for compressed terms.
 */
#ifndef COP_TERM_DEFLATE_H
#define COP_TERM_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many bytes as deflate can make of `size` at the very most. */
size_t cop__inflated_most(size_t size);

/* Fills exactly to_size bytes. False where `from` does not begin with so many, compressed, or there
 * is no memory; *used says how many bytes they were. */
bool cop__inflate(const uint8_t *from, size_t size, uint8_t *to, size_t to_size, size_t *used);

/* How many bytes of `to` it takes; 0 where room is too small, or there is no memory. */
size_t cop__deflate(const uint8_t *from, size_t size, uint8_t *to, size_t room);

#endif
