/*
 * A library that programs load while they run.
 */
void plugin_fault(void);

static int *volatile nowhere;

void plugin_fault(void)
{
        *nowhere = 1;
}
