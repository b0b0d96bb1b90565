/*
 * debug.h: what libdw knows of the running program.
 *
 * libdw is for one thread at a time, so all of it is used between enter and leave. In between no
 * term is made: that may end the process, which would keep the lock for ever. What is found is
 * copied out (frames), or made into structs of our own that stay (types).
 */
#ifndef COP_INSPECT_DEBUG_H
#define COP_INSPECT_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_TEXT = 256, FRAMES_INLINED_MOST = 16 };

/* A function that an address is in. */
struct frame {
        char function[FRAME_TEXT]; /* "": unknown */
        char file[FRAME_TEXT];     /* "": unknown */
        char object[FRAME_TEXT];   /* name of the program or library; "": the address is in none */
        uintptr_t offset;          /* in that */
        int line;
};

/* The frames of an address, the innermost first; at least one. */
size_t cop__debug_frames(uintptr_t address, struct frame *frames, size_t most);

/* What is known without debug information. */
void cop__debug_plain_frame(uintptr_t address, struct frame *frame);

#endif
