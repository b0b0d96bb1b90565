/*
 * node.c: where a program is found that somebody may attach to, and what both say to each other.
 *
 * The sockets are in a directory that only its user may enter, so nobody else can connect in the moment
 * before a socket has its mode, nor put another one in its place.
 */
#include "console/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coppice/etf.h>

enum { SIZE_BYTES = 4, ATOMS_MOST = 8 /* who says something first has to make its word */ };

void cop__node_directory(char *path, size_t room)
{
        const char *base = getenv("XDG_RUNTIME_DIR");

        if (!base || base[0] != '/')
                base = "/tmp";
        snprintf(path, room, "%s/coppice-%u", base, (unsigned)geteuid());
}

bool cop__node_address(struct sockaddr_un *address, const char *node)
{
        char directory[200];
        int size;

        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (!*node || strchr(node, '/') || node[0] == '.')
                return false;
        cop__node_directory(directory, sizeof(directory));
        size = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", directory, node);
        return size > 0 && (size_t)size < sizeof(address->sun_path);
}

void cop__frame_add(struct buffer *to, cop_term term)
{
        cop_term bytes = cop_encode(term);
        size_t size = cop_byte_size(bytes);

        for (int i = SIZE_BYTES - 1; i >= 0; i--)
                cop__buffer_add_char(to, (char)(size >> (8 * i)));
        cop__buffer_add(to, cop_to_bytes(bytes), size);
}

cop_term cop__frame_take(struct buffer *from, bool *is_wrong)
{
        struct cop_decode_result decoded;
        size_t size = 0;

        *is_wrong = false;
        if (from->size < SIZE_BYTES)
                return COP_NONE;
        for (int i = 0; i < SIZE_BYTES; i++)
                size = size << 8 | (unsigned char)from->bytes[i];
        *is_wrong = size > FRAME_MOST;
        if (*is_wrong || from->size < SIZE_BYTES + size)
                return COP_NONE;
        decoded = cop_try_decode(from->bytes + SIZE_BYTES, size, .depth_max = 10,
                                 .new_atoms_max = ATOMS_MOST);
        *is_wrong = decoded.error != NULL;
        from->size -= SIZE_BYTES + size;
        memmove(from->bytes, from->bytes + SIZE_BYTES + size, from->size);
        return decoded.error ? COP_NONE : decoded.term;
}
