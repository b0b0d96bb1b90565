/*
 * What must compile without a warning, as C and as C++: every type of argument, nesting, arrays,
 * constness, enums, headers' inline functions, sixteen arguments, none.
 */
#include <coppice/match.h>
#include <coppice/process.h>

struct bits {
        unsigned few : 3;
};
enum colour { RED };

cop_term inline_one(int v);
cop_term every_type(cop_term t, cop_pid p);
cop_term every_target(cop_term t);
#ifdef __cplusplus
extern "C"
#endif
        cop_term
        own(struct cop__site *site, struct cop__to to, const uint64_t *values);
#define own_call(to, ...) COP__TALKING(own, to, (), __VA_ARGS__)
void talk(cop_term t, cop_pid p, cop_ref r);

static inline cop_term in_header(int v)
{
        return cop_build("{v, V}", v);
}

cop_term inline_one(int v)
{
        return in_header(v);
}

cop_term every_type(cop_term t, cop_pid p)
{
        struct bits s = { 1 };
        char buffer[] = "abc", letter = 'x';
        const char *text = "def";
        const char *const constant = "ghi";
        const int64_t fixed = 5;
        volatile int loud = 6;
        bool yes = true;

        t = cop_build("[A,B,C,D,E,F,G,H,I,J]", (signed char)1, (short)2, 3, 4L, 5LL,
                      (unsigned char)6, (unsigned short)7, 8U, 9UL, 10ULL);
        return cop_build("{A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P}", t, p, 1.5, 1.5f, yes, buffer, text,
                         constant, letter, (unsigned)s.few, RED, fixed, loud, "literal",
                         cop_build("[X]", cop_build("ok")), in_header(1));
}

cop_term every_target(cop_term t)
{
        signed char a;
        short b;
        int c;
        long d;
        long long e;
        unsigned char f;
        unsigned short g;
        unsigned h;
        unsigned long i;
        unsigned long long j;
        float k;
        double l;
        bool m;
        cop_pid n;
        cop_ref o;
        cop_term x[2] = { t, t };
        const char *text = "abc";

        if (cop_match(t, "[A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P]", &a, &b, &c, &d, &e, &f, &g, &h, &i,
                      &j, &k, &l, &m, &n, &o, &x[1]))
                return x[1];
        if (cop_match(t, "{^A, X}", text, x) && cop_match(cop_build("{X}", t), "{_}"))
                return x[0];
        return t;
}

void talk(cop_term t, cop_pid p, cop_ref r)
{
        char name[] = "name";
        cop_term reply =
                own_call(p, "{nested, X}", own_call("inner", "{deep, Y}", cop_build("[Z]", 1)));

        cop_send(cop_self(), "poll");
        cop_send(name, "hi");
        cop_send("literal", "{hi, X}", reply);
        cop_send(t, "hi");
        cop_send(p, "{hi, R}", r);
        if (cop_match(own_call(name, "x"), "ok") && cop_match(t, "no"))
                cop_exit("{bad, X}", t);
}
