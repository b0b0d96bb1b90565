#include "sprout.h"

#include "sprout_counter.h"

cop_term sprout_hello(void)
{
        return cop_build("{hello, Number}", sprout_counter_next());
}
