/*
 * replay.c: a fuzzer as a test.
 *
 * Each fuzz_NAME.c is linked with this file too, for machines without libFuzzer: what is in
 * tests/fuzz/corpus/NAME goes through it, then every beginning of it, then each with a few bytes
 * changed.
 */
#include <coppice/test.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS COP_SOURCE_ROOT "/tests/fuzz/corpus/" FUZZER

enum { MOST_BYTES = 1 << 20, MOST_BEGINNINGS = 200, CHANGES = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static uint8_t *input;
static size_t input_size;

/* A copy that is exactly as large as the input, so that a sanitizer sees a step over its end. */
static void one_input(const uint8_t *data, size_t size)
{
        uint8_t *copy = malloc(size ? size : 1);

        cop_assert(copy);
        if (size)
                memcpy(copy, data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
}

static void read_input(const char *name)
{
        char path[PATH_MAX];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
        file = fopen(path, "rb");
        if (!file)
                cop_fail("cannot open %s", path);
        input_size = fread(input, 1, MOST_BYTES, file);
        fclose(file);
}

static void beginnings(void)
{
        size_t size;
        size_t step = input_size / MOST_BEGINNINGS + 1;

        for (size = 0; size < input_size; size += step)
                one_input(input, size);
}

static void changes(void)
{
        int i;

        for (i = 0; i < CHANGES && input_size > 0; i++) {
                size_t at = cop_test_random_below(input_size);
                uint8_t before = input[at];

                input[at] = (uint8_t)cop_test_random();
                one_input(input, input_size);
                input[at] = before;
        }
}

static void replay(void)
{
        struct dirent *entry;
        DIR *dir = opendir(CORPUS);
        int files = 0;

        if (!dir)
                cop_skip("there is no " CORPUS);
        if (LLVMFuzzerInitialize)
                LLVMFuzzerInitialize(NULL, NULL);
        input = malloc(MOST_BYTES);
        cop_assert(input);
        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                files++;
                read_input(entry->d_name);
                one_input(input, input_size);
                beginnings();
                changes();
        }
        closedir(dir);
        free(input);
        if (!files)
                cop_skip("there is nothing in " CORPUS);
}

static struct cop_test test = {
        .name = "FUZZ_" FUZZER,
        .sentence = "the corpus goes through, and so does what is close to it",
        .file = "tests/fuzz/fuzz_" FUZZER ".c",
        .line = 1,
        .run = replay,
        .limit_s = 60,
};

__attribute__((constructor)) static void add(void)
{
        cop__test_add(&test);
}
