/*
 * coppice/heart.h: a program that is started again when it ends abnormally.
 *
 * Some faults cannot be contained (docs/containment.md): then the whole OS process stops. cop-heart,
 * a tiny parent that runs no code of the program's, starts it again, as a supervisor does its children:
 *
 *      program --heart
 *      program --heart=intensity=5,period=60
 *      cop-heart --intensity=5 --period=60 program
 *
 * `cop-heart --help` has the options. The first two work for every program that begins with
 * cop_main() or COP_MAIN(), whose .heart has cop-heart run it always; what stands between the commas
 * are options of cop-heart, without their dashes. A program ends normally with status 0, or when it was told to end by SIGTERM, SIGINT or SIGQUIT;
 * every other end is abnormal. Started again, it finds why in cop_restart_reason().
 *
 * Under cop-heart a process of the program's sends a beat four times in the time that cop-heart waits
 * for one (60 seconds; option beat). When the runtime hangs, none comes, and the program is killed and
 * started again.
 */
#ifndef COPPICE_HEART_H
#define COPPICE_HEART_H

#include <stdbool.h>

#include <coppice/base.h>

COP_BEGIN_DECLS

/*
 * Before each beat, check() is called in the process that sends them: when it returns false, faults,
 * or does not return, there is no beat. NULL takes it back.
 */
COP_API void cop_heart_check(bool (*check)(void));

/* Why the run before this one ended: "signal 11 (SIGSEGV)", "exit 134", "no heartbeat for 60 s". NULL:
 * this is the first one, or there is no cop-heart. */
COP_API const char *cop_restart_reason(void);

/*
 * For a main() that does not use cop_main(). First the former: where the arguments ask for --heart, or
 * options are not NULL (what stands behind --heart=, "" for none) and it is not run by a cop-heart
 * already, it runs cop-heart in place of the program. It returns only where that cannot be, with a
 * report on standard error and -errno; otherwise 0. The latter when the system runs: it begins to send
 * beats, if there is a cop-heart.
 */
COP_API int cop_heart_wrap(int argc, char **argv, const char *options);
COP_API void cop_heart_start(void);

COP_END_DECLS

#endif
