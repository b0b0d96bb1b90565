/* Loads a library and unloads it, twice, and says what its patterns come to. */
#include <dlfcn.h>
#include <stdio.h>

#include "term/pattern.h"

static void say(void *context, const char *message)
{
        puts(message);
}

static void be_quiet(void *context, const char *message)
{
}

static cop_term load(void **library, const char *path)
{
        cop_term (*answer)(void);
        int64_t x = 0;
        cop_term kept;

        cop__sites_check(say, NULL);
        *library = dlopen(path, RTLD_NOW);
        if (!*library) {
                puts(dlerror());
                return COP_NONE;
        }
        *(void **)&answer = dlsym(*library, "library_answer");
        kept = answer();
        if (cop_match(kept, "{answer, X, _}", &x))
                printf("loaded: %d\n", (int)x);
        return kept;
}

int main(int argc, char **argv)
{
        cop_term first, second;
        void *library;

        printf("before: %zu wrong\n", cop__sites_check(say, NULL));
        first = load(&library, argv[1]);
        printf("while loaded: %zu wrong\n", cop__sites_check(be_quiet, NULL));
        dlclose(library);
        printf("unloaded: %zu wrong\n", cop__sites_check(say, NULL));
        second = load(&library, argv[1]);
        dlclose(library);
        /* What was built with its patterns stays. */
        return cop_equal(first, second) && cop_match(first, "{_, 42, [\"constant\"]}") ? 0 : 1;
}
