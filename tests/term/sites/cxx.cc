/*
 * CXX: patterns in C++, where types are told apart by templates and the first execution checks.
 */
#include <coppice.h>
#include <coppice/test.h>

#include <string>

enum colour { RED, GREEN };
enum class shade : unsigned char { DARK = 7 };

COP_TEST(CXX_match, "targets of all types are written")
{
        int64_t a = 0;
        unsigned char b = 0;
        double c = 0;
        bool d = false;
        cop_term e = COP_NONE;
        colour f = RED;
        shade g = shade::DARK;

        cop_assert(cop_match(cop_build("{1, 2, 3.5, true, [x]}"), "{A, B, C, D, E}", &a, &b, &c, &d, &e));
        cop_assert(a == 1 && b == 2 && c == 3.5 && d);
        cop_assert_term(e, "[x]");
        cop_assert(cop_match(cop_build("{1, 9}"), "{F, G}", &f, &g));
        cop_assert(f == GREEN && (int)g == 9);
        cop_assert(!cop_match(cop_build("300"), "B", &b));
}

COP_TEST(CXX_build, "values of all types are taken")
{
        const std::string text = "text";
        char buffer[] = "buffer";

        cop_assert_term(cop_build("{A, B, C, D, E, F, G}", 1, 2.5, true, text.c_str(), buffer, GREEN,
                                  shade::DARK),
                        "{1, 2.5, true, <<\"text\">>, <<\"buffer\">>, 1, 7}");
        cop_assert_term(cop_build("[X | Y]", 1.5f, cop_build("[Z]", 1 == 1)), "[1.5, true]");
}

template <typename N> static cop_term pair(N n)
{
        return cop_build("{pair, N, N}", n);
}

COP_TEST(CXX_template, "each instance of a template has its own kinds")
{
        cop_assert_term(pair(1), "{pair, 1, 1}");
        cop_assert_term(pair(1.5), "{pair, 1.5, 1.5}");
        cop_assert_term(pair("t"), "{pair, <<\"t\">>, <<\"t\">>}");
        cop_assert_term(pair(true), "{pair, true, true}");
}

struct counter {
        int64_t n = 0;

        bool count(cop_term request)
        {
                int64_t by = 0;

                if (!cop_match(request, "{count, By}", &by))
                        return false;
                n += by;
                return true;
        }
};

inline cop_term in_header(cop_term x)
{
        return cop_build("<<\"x\", X/binary>>", x);
}

COP_TEST(CXX_inline, "in methods, lambdas and inline functions")
{
        counter c;
        auto twice = [](int64_t x) { return cop_build("{X, X}", x); };

        cop_assert(c.count(cop_build("{count, 5}")) && !c.count(cop_build("{count, five}")));
        cop_assert_equal(c.n, 5);
        cop_assert_term(twice(4), "{4, 4}");
        cop_assert_term(in_header(cop_text("y")), "<<\"xy\">>");
}

COP_TEST(CXX_pin, "what a name with ^ is given is compared")
{
        int64_t n = 4;

        cop_assert(cop_match(cop_build("{4, <<\"joe\">>}"), "{^N, ^Name}", &n, "joe"));
        cop_assert(!cop_match(cop_build("{5, <<\"joe\">>}"), "{^N, ^Name}", &n, "joe"));
}
