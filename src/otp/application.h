/*
 * application.h: what the files of applications share.
 *
 * All that is known of applications at run time is the state of one server, the controller; only it
 * touches a struct loaded.
 */
#ifndef COP_OTP_APPLICATION_H
#define COP_OTP_APPLICATION_H

#include <stdio.h>

#include <coppice/application.h>
#include <coppice/table.h>

enum stage { LOADED, STARTING, RUNNING, STOPPING };

/* An application that is loaded. */
struct loaded {
        cop_term name;     /* an atom */
        cop_term keys;     /* kept: [{description, ...}, ...], all of OTP's, in OTP's order */
        cop_term waiting;  /* kept: whom to tell when it has started */
        cop_term deferred; /* kept: requests, newest first, for when it has stopped */
        cop_term type;     /* permanent, transient or temporary */
        uint64_t number;   /* the highest was started last; 0: not started */
        cop_pid master;    /* a zero pid: none */
        cop_pid top;
        enum stage stage;
        bool is_told; /* its master was told to stop */
};

struct controller {
        struct cop_table *applications; /* name -> struct loaded */
        struct cop_table *env;          /* {Name, Key} -> value */
        cop_term settings[2]; /* kept: of the file, of the command line: {Name, Key} -> value */
        cop_term persistent;  /* kept: the same of those set to stay */
        uint64_t starts;
        bool is_to_end;    /* the controller, when all have stopped */
        bool is_stopping;  /* the system; nothing is started any more */
        cop_term stoppers; /* kept: who waits for that */
        cop_term failure;  /* kept: what brought it down; COP_NONE: somebody wanted it */
};

enum { FROM_FILE, FROM_COMMAND_LINE };

/* ---- application.c: the program's applications, and what others call ---- */

const struct cop_application *cop__application_find(cop_term name);
/* The one after the last; of NULL the first. */
const struct cop_application *cop__application_next(const struct cop_application *last);
/* Starts the controller with settings: {Name, Key} => Value, of a file and of the command line. */
void cop__application_begin(cop_term file, cop_term line);
/* The calling process asks the controller, which it starts if there is none. */
cop_term cop__application_ask(cop_term request);
/* permanent, ... ; or the number, if it is none of them. */
cop_term cop__application_type(enum cop_restart type);

/* ---- application_resource.c: resources as terms ---- */

/* {application, Name, Keys} of one of the program's. Of a text that is no term: *wrong is why. */
cop_term cop__application_resource(const struct cop_application *application, cop_term *wrong);
/* The same with all that is in its tree, for a file. */
cop_term cop__application_whole(const struct cop_application *application, cop_term *wrong);
/* All keys in OTP's order, of a list that may lack some; COP_NONE and *wrong is why. */
cop_term cop__application_keys(cop_term name, cop_term list, cop_term *wrong);
/* A key's value. */
cop_term cop__application_key(cop_term keys, const char *key);
/* From the path: {ok, Resource}, or {error, Reason}. */
cop_term cop__application_look(cop_term name);
/* A text as a list of characters. */
cop_term cop__characters(const char *text);
/* All terms of a file, a list; COP_NONE and *wrong is why not. */
cop_term cop__file_terms(const char *path, cop_term *wrong);

/* ---- application_load.c: load, unload, configuration ---- */

struct loaded *cop__loaded_find(const struct controller *c, cop_term name);
cop_term cop__controller_load(struct controller *c, cop_term what);
cop_term cop__controller_unload(struct controller *c, cop_term name);
cop_term cop__controller_env(struct controller *c, cop_term request);

/* ---- application_master.c ---- */

/* Starts the master, which casts {started, Name, Master, Top} or {start_failed, Name, Master, Reason}. */
cop_pid cop__master_start(const struct loaded *application);
void cop__master_stop(cop_pid master);
/* Kills every process of the application, and the master. */
void cop__master_kill(cop_pid master);

/* ---- application_plan.c: trees, without starting them ---- */

/*
 * Looks at the tree of an application, without starting it: calls what its supervisors are described by.
 * With `out` it is printed.
 *
 * Returns   COP_NONE, and the names in it, a list; or what is wrong.
 */
cop_term cop__plan(const struct cop_application *application, FILE *out, cop_term *names);

/* ---- module.c: every server and supervisor of the program; NULL, or the one after the last ---- */

const struct cop_module *cop__module_next(const struct cop_module *last);
const struct cop_module *cop__module_find(cop_term name);
bool cop__start_exists(const char *module, const char *function);

#endif
