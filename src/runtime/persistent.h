/*
 * persistent.h: the end of <coppice/persistent.h>.
 */
#ifndef COP_RUNTIME_PERSISTENT_H
#define COP_RUNTIME_PERSISTENT_H

/* The system has stopped: nobody has any of them any more. */
void cop__persistent_stop(void);

#endif
