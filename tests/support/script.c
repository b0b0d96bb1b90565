#include "support/script.h"

#include <stdio.h>
#include <stdlib.h>

cop_term script_read(const char *path)
{
        static char text[1 << 20];
        struct cop_read_result result;
        FILE *file = fopen(path, "r");
        size_t size;

        if (!file)
                cop_exit("{cannot_open, Path}", path);
        size = fread(text, 1, sizeof(text), file);
        fclose(file);
        result = cop_try_read_all(text, size);
        if (*result.error)
                cop_exit("{Path, Line, Error}", path, result.line, result.error);
        return result.term;
}

int script_play(int argc, char **argv, void (*run)(void *path))
{
        cop_term reason = cop_nil();
        cop_ref ref;

        if (argc < 2 || cop_system_start(.simulate = argc > 2 ? strtoull(argv[2], NULL, 10) : 0)) {
                fprintf(stderr, "usage: %s FILE.script [SEED]\n", argv[0]);
                return 2;
        }
        cop_spawn_pointer(run, argv[1], .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (!cop_is(reason, "normal"))
                printf("%s\n", cop_show(reason));
        return 0;
}

int script_main(int argc, char **argv, void (*run)(void *path))
{
        int status = script_play(argc, argv, run);

        if (status == 0)
                cop_system_stop(5000);
        return status;
}
