/* A program of somebody else, as C and as C++. */
#include <coppice.h>

#include <string.h>

int main(void)
{
        cop_term name;

        if (!cop_match(cop_build("{hello, Name}", "world"), "{hello, Name}", &name))
                return 1;
        cop_print(name);
        return strcmp(cop_show(name), "<<\"world\">>") != 0;
}
