/* What must not compile: one mistake for each -DWRONG=n, none with 0. */
#include <coppice/match.h>

bool f(cop_term t, void *p, const char *text);
bool f(cop_term t, void *p, const char *text)
{
        int64_t x = 0, array[3] = { 0 };
        const int64_t constant = 0;
        struct {
                int a;
        } s = { 0 };
        int64_t *address = &x;
        bool good = cop_match(t, "X", &x);

        (void)constant, (void)p, (void)text, (void)s, (void)address, (void)array;
#if WRONG == 1 /* a target that is const */
        return cop_match(t, "X", &constant);
#elif WRONG == 2  /* a value, where its address is needed */
        return cop_match(t, "X", x);
#elif WRONG == 3  /* a pattern that is no literal */
        return cop_match(t, text);
#elif WRONG == 4  /* an address of anything */
        return cop_match(cop_build("X", p), "X", &x);
#elif WRONG == 5  /* a target of a type that no term has */
        return cop_match(t, "X", &s);
#elif WRONG == 6  /* an address, where a value is needed */
        return cop_match(cop_build("X", address), "X", &x);
#elif WRONG == 7  /* seventeen arguments */
        return cop_match(cop_build("X", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17),
                         "X", &x);
#elif WRONG == 8  /* a target that is the address of an address */
        return cop_match(t, "X", &address);
#elif WRONG == 9  /* a cop_term, where its address is needed */
        return cop_match(t, "X", t);
#elif WRONG == 10 /* the address of an array */
        return cop_match(t, "X", &array);
#endif
        return good;
}
