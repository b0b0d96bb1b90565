#include "sprout.h"

cop_term sprout_hello(void)
{
        return cop_build("{hello, world}");
}
