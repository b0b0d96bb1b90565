/* A library with patterns of its own, one of them wrong. */
#include <coppice/match.h>

cop_term library_answer(void);
bool library_wrong(cop_term term);

cop_term library_answer(void)
{
        return cop_build("{answer, X, [\"constant\"]}", 42);
}
bool library_wrong(cop_term term)
{
        int x;
        return cop_match(term, "{wrong, X", &x);
}
