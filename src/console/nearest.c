/*
 * nearest.c: which name somebody may have meant.
 */
#include <stdlib.h>
#include <string.h>

#include <coppice/inspect.h>

#include "console/helper.h"
#include "console/worker.h"

enum { NAME_MOST = 64 };

static int least(int a, int b, int c)
{
        int d = a < b ? a : b;

        return d < c ? d : c;
}

/* How many letters are to be changed, added or taken away; a pair in the wrong order counts as two. */
static int distance(const char *a, const char *b)
{
        size_t size = strlen(b), i, j;
        int row[NAME_MOST + 1];

        for (j = 0; j <= size; j++)
                row[j] = (int)j;
        for (i = 1; *a; a++, i++) {
                int corner = row[0];

                row[0] = (int)i;
                for (j = 1; j <= size; j++) {
                        int above = row[j];

                        row[j] = least(row[j] + 1, row[j - 1] + 1, corner + (*a != b[j - 1]));
                        corner = above;
                }
        }
        return row[size];
}

struct nearest {
        const char *name, *found;
        int distance; /* of the one that was found, or what would be too far */
};

static void consider(struct nearest *n, const char *name)
{
        int far;

        if (strlen(name) > NAME_MOST)
                return;
        far = distance(n->name, name);
        if (far < n->distance) {
                n->found = name;
                n->distance = far;
        }
}

const char *cop__nearest_function(const char *name)
{
        struct nearest n = { name, NULL, strlen(name) < 3 ? 2 : (int)strlen(name) / 3 + 1 };

        if (strlen(name) > NAME_MOST)
                return NULL;
        COP_EACH (one, cop_function_names(""))
                if (strncmp(cop_to_cstring(one), "cop_", 4) != 0)
                        consider(&n, cop_to_cstring(one));
        for (size_t i = 0; i < cop__console_table_size; i++)
                if (cop__console_table[i].call) {
                        consider(&n, cop__console_table[i].name);
                        if (strncmp(name, "cop_", 4) != 0 && n.distance > 0)
                                consider(&n, cop__console_table[i].name + strlen("cop_"));
                }
        for (size_t i = 0; i < cop__helper_count; i++)
                consider(&n, cop__helpers[i].name);
        return n.found;
}
