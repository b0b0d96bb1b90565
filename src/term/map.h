/*
 * map.h: making maps, for who reads them from outside.
 */
#ifndef COP_TERM_MAP_H
#define COP_TERM_MAP_H

#include "term/region.h"
#include "term/value.h"

/*
 * A map of size keys and their values, in any order. Of equal keys the last counts; *twice says
 * whether there were any. COP_NONE when memory or the region's limit is used up.
 */
cop_term cop__map_make(struct region *region, size_t size, const cop_term *keys,
                       const cop_term *values, bool *twice);

/* Where the key stands, counted from 0; the map's size where it does not have it. */
size_t cop__map_index(cop_term map, cop_term key);

static inline size_t cop__map_size(cop_term map)
{
        return header_words(*words_of(map)) / 2;
}

/* The keys in their order; the values stand behind them in the same order. */
static inline const cop_term *cop__map_keys(cop_term map)
{
        return (const cop_term *)(words_of(map) + 1);
}

static inline const cop_term *cop__map_values(cop_term map)
{
        return cop__map_keys(map) + cop__map_size(map);
}

#endif
