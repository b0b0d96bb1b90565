/*
 * STASH: what a stash keeps, for whom, and what it refuses. Each test runs with a stash in memory
 * and, where there is LMDB, with one in a file.
 */
#include <coppice/stash.h>
#include <coppice/supervisor.h>
#include <coppice/table.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/actor.h"

#include "coppice-config.h"

static char path[256];

static void make_path(void)
{
        const char *tmp = getenv("TMPDIR");
        int fd;

        snprintf(path, sizeof(path), "%s/coppice-stash-XXXXXX", tmp ? tmp : "/tmp");
        fd = mkstemp(path);
        cop_assert(fd >= 0);
        close(fd);
}

static cop_term in_file(void)
{
        return cop_build("#{file => Path, sync => false}", path);
}

/* body() with a stash of this argument, which is called stash. */
static void with_stash(cop_term argument, void (*body)(void))
{
        cop_server_start_link(cop_stash, argument, .name = "stash");
        body();
        cop_server_stop("stash");
}

static void with_each(void (*body)(void))
{
        with_stash(cop_nil(), body);
        if (!COP_HAVE_LMDB)
                return;
        make_path();
        with_stash(in_file(), body);
        unlink(path);
}

/* ---- keeping ---- */

static void put_and_get(void)
{
        cop_stash_put("stash", "sequence", 457);
        cop_assert_term(cop_stash_get("stash", "sequence", cop_int(1)), "457");
        cop_stash_put("stash", "sequence", cop_build("{at, 458}"));
        cop_assert_term(cop_stash_get("stash", "sequence", cop_int(1)), "{at, 458}");
}

COP_TEST(STASH_put, "the value of a key is what was put last")
{
        with_each(put_and_get);
}

static void get_otherwise(void)
{
        cop_assert_term(cop_stash_get("stash", "nobody", cop_build("[none]")), "[none]");
        cop_assert(cop_is_none(cop_stash_get("stash", "nobody", COP_NONE)));
        cop_assert_term(cop_stash_keys("stash"), "[]");
}

COP_TEST(STASH_otherwise, "a key that has no value gives what the caller says, and stays without")
{
        with_each(get_otherwise);
}

static void take_each(void)
{
        cop_stash_put("stash", "a", 1);
        cop_stash_put("stash", "b", 2);
        cop_assert_term(cop_stash_take("stash", "a", cop_nil()), "1");
        cop_assert_term(cop_stash_take("stash", "a", cop_nil()), "[]");
        cop_assert_term(cop_stash_keys("stash"), "[<<\"b\">>]");
}

COP_TEST(STASH_take, "what is taken is there no longer")
{
        with_each(take_each);
}

static void any_terms(void)
{
        cop_term key = cop_build("{a, [1, 2.5, <<\"x\">>], #{k => [v | w]}}");
        cop_term big = cop_build("X", cop_read("123456789012345678901234567890"));
        cop_term none = cop_nil();

        cop_stash_put("stash", key, big);
        cop_stash_put("stash", 1, "integer");
        cop_stash_put("stash", 1.0, "float");
        cop_stash_put("stash", none, cop_self());
        cop_assert_term(cop_stash_get("stash", key, none), "Big", big);
        cop_assert_term(cop_stash_get("stash", 1, none), "<<\"integer\">>");
        cop_assert_term(cop_stash_get("stash", 1.0, none), "<<\"float\">>");
        cop_assert_term(cop_stash_get("stash", none, none), "Self", cop_self());
        cop_stash_take("stash", 1.0, none);
        cop_assert_term(cop_stash_keys("stash"), "[1, Key, []]", key);
}

COP_TEST(STASH_terms, "any term is a key and a value; 1 and 1.0 are two keys")
{
        with_each(any_terms);
}

static cop_term long_list(int length)
{
        cop_term list = cop_nil();

        while (length-- > 0)
                list = cop_cons(cop_int(length), list);
        return list;
}

static void large_terms(void)
{
        cop_term key = long_list(5000), value = long_list(200000), deep = cop_nil();
        int i;

        for (i = 0; i < 200000; i++)
                deep = cop_build("{X}", deep);
        cop_stash_put("stash", key, value);
        cop_stash_put("stash", "deep", deep);
        cop_assert(cop_equal(cop_stash_get("stash", key, COP_NONE), value));
        cop_assert(cop_equal(cop_stash_get("stash", "deep", COP_NONE), deep));
}

COP_TEST(STASH_large, "keys and values may be large, and deep")
{
        with_each(large_terms);
}

/* A thousand random operations, beside a table that says what must come of them. */
static void random_operations(void)
{
        struct cop_table *model = cop_table_new();
        cop_term expected;
        int i;

        for (i = 0; i < 1000; i++) {
                cop_term key = cop_int((int64_t)cop_test_random_below(20));

                switch (cop_test_random_below(4)) {
                case 0:
                case 1:
                        cop_stash_put("stash", key, i);
                        cop_table_put(model, key, cop_int(i));
                        break;
                case 2:
                        expected = cop_table_get(model, key, cop_nil());
                        cop_assert_equal(cop_stash_get("stash", key, cop_nil()), expected);
                        break;
                case 3:
                        expected = cop_table_take(model, key);
                        if (cop_is_none(expected))
                                expected = cop_nil();
                        cop_assert_equal(cop_stash_take("stash", key, cop_nil()), expected);
                        break;
                }
                cop_assert_equal(cop_length(cop_stash_keys("stash")), cop_table_size(model));
        }
}

COP_TEST(STASH_random, "after any puts and takes it has what a table would have")
{
        with_each(random_operations);
}

/* ---- across restarts ---- */

struct counter {
        int64_t value;
};

static cop_next counter_init(struct counter *c, cop_term first)
{
        c->value = cop_to_int(cop_stash_get("stash", "counter", first));
        return cop_ok();
}

static cop_next counter_call(struct counter *c, cop_term request, cop_from from)
{
        if (cop_match(request, "next"))
                return cop_reply(cop_int(c->value++));
        return cop_no_clause();
}

static void counter_terminate(struct counter *c, cop_term reason)
{
        cop_stash_put("stash", "counter", c->value);
}

COP_SERVER(counter, struct counter, .init = counter_init, .handle_call = counter_call,
           .terminate = counter_terminate);

COP_SUPERVISOR(counter_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(cop_stash, "[]", .name = "stash"),
                                        COP_WORKER(counter, "456", .name = "counter")));

COP_TEST(STASH_restart, "a server that crashes goes on from where it was")
{
        cop_term nothing;

        actors_begin();
        cop_supervisor_start_link(counter_supervisor);
        cop_assert_term(cop_call("counter", "next"), "456");
        cop_assert_term(cop_call("counter", "next"), "457");
        cop_assert(!cop_try_call(&nothing, COP_FOREVER, "counter", "nonsense"));
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_call("counter", "next"), "458");
}

COP_TEST(STASH_own_restart,
         "a stash in memory that ends has lost what it had; one in a file has not")
{
        cop_pid stash;

        cop_trap_exits(true);
        stash = cop_server_start_link(cop_stash, cop_nil());
        cop_stash_put(stash, "a", 1);
        cop_kill(stash);
        stash = cop_server_start_link(cop_stash, cop_nil());
        cop_assert_term(cop_stash_keys(stash), "[]");
        if (!COP_HAVE_LMDB)
                return;
        make_path();
        stash = cop_server_start_link(cop_stash, in_file());
        cop_stash_put(stash, "a", 1);
        cop_kill(stash);
        stash = cop_server_start_link(cop_stash, in_file());
        cop_assert_term(cop_stash_get(stash, "a", cop_nil()), "1");
        unlink(path);
}

static void put_for_ever(cop_term argument)
{
        int64_t i;

        for (i = 0;; i++)
                cop_stash_put("stash", cop_int(i % 10), i);
}

COP_TEST(STASH_killed_in_a_put,
         "a stash that is killed while it writes can be started again at once")
{
        cop_term keys;
        cop_pid stash;
        int i;

        if (!COP_HAVE_LMDB || world_is_simulated())
                return;
        cop_trap_exits(true);
        make_path();
        for (i = 0; i < world_times(); i++) {
                stash = cop_server_start_link(cop_stash, in_file(), .name = "stash");
                cop_spawn(put_for_ever, cop_nil());
                do
                        keys = cop_stash_keys(stash);
                while (cop_length(keys) < 10);
                cop_kill(stash);
                cop_assert(cop_receive(5000, "{'EXIT', ^Stash, killed}", &stash));
        }
        unlink(path);
}

/* ---- what it refuses ---- */

static cop_term start_result(cop_term argument)
{
        return cop_server_try_start_link(cop_stash, argument);
}

COP_TEST(STASH_badarg, "an argument that it does not understand: {error, {badarg, Argument}}")
{
        static const char *const wrong[] = {
                "hello",
                "#{fiel => <<\"x\">>}",
                "#{file => 1}",
                "#{file => <<>>}",
                "#{file => <<\"a\\0b\">>}",
                "#{sync => true}",
                "#{file => <<\"x\">>, sync => maybe}",
                "#{file => <<\"x\">>, size_max => 0}",
                "#{file => <<\"x\">>, size_max => big}",
        };
        size_t i;

        cop_trap_exits(true);
        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                cop_assert_term(start_result(cop_read(wrong[i])), "{error, {badarg, X}}",
                                cop_read(wrong[i]));
        cop_assert_term(messages(), "[]");
}

COP_TEST(STASH_no_file, "a file that cannot be opened, or is no stash's: why")
{
        cop_term why;
        FILE *other;

        cop_trap_exits(true);
        if (!COP_HAVE_LMDB) {
                cop_assert_term(start_result(cop_build("#{file => <<\"x\">>}")),
                                "{error, {file, <<\"x\">>, unsupported}}");
                return;
        }
        cop_assert_match(start_result(cop_build("#{file => <<\"/no/such/directory/x\">>}")),
                         "{error, {file, <<\"/no/such/directory/x\">>, Why}}", &why);
        cop_assert_term(why, "<<\"No such file or directory\">>");
        make_path();
        other = fopen(path, "w");
        cop_assert(other != NULL);
        fputs("Dear diary, this is no stash.\n", other);
        fclose(other);
        cop_assert_match(start_result(cop_build("#{file => Path}", path)),
                         "{error, {file, _, Why}}", &why);
        cop_assert(cop_is_binary(why));
        unlink(path);
}

COP_TEST(STASH_busy, "a file that a stash has is no other's")
{
        cop_pid stash;

        if (!COP_HAVE_LMDB)
                return;
        cop_trap_exits(true);
        make_path();
        stash = cop_server_start_link(cop_stash, in_file());
        cop_assert_term(start_result(in_file()), "{error, {file, Path, busy}}", path);
        cop_stash_put(stash, "a", 1);
        cop_assert_term(cop_stash_keys(stash), "[<<\"a\">>]");
        unlink(path);
}

static void put_much(void *much)
{
        cop_stash_put("stash", "much", *(cop_term *)much);
}

COP_TEST(STASH_full, "what does not fit into the file ends who puts it, and nobody else")
{
        cop_term much;

        if (!COP_HAVE_LMDB)
                return;
        make_path();
        cop_server_start_link(cop_stash, cop_build("#{file => P, size_max => 65536}", path),
                              .name = "stash");
        much = cop_binary(cop_alloc(100000), 100000);
        cop_stash_put("stash", "a", 1);
        cop_assert_term(exit_of(put_much, &much),
                        "{full, {cop_stash, put, [stash, <<\"much\">>]}}");
        cop_assert_term(cop_stash_get("stash", "a", cop_nil()), "1");
        cop_stash_put("stash", "a", 2);
        cop_assert_term(cop_stash_keys("stash"), "[<<\"a\">>]");
        unlink(path);
}

COP_TEST(STASH_nonsense, "what it does not understand costs it nothing")
{
        cop_term answer;

        cop_server_start_link(cop_stash, cop_nil(), .name = "stash");
        cop_stash_put("stash", "a", 1);
        cop_set_report_level(COP_LEVEL_ERROR);
        cop_send("stash", "hello");
        cop_cast("stash", "hello");
        cop_assert(cop_try_call(&answer, 5000, "stash", "hello"));
        cop_assert_term(answer, "{error, {unknown_request, hello}}");
        cop_assert_term(cop_stash_keys("stash"), "[<<\"a\">>]");
}

static void get_from_nobody(void *nothing)
{
        cop_stash_get("nobody", "a", cop_nil());
}

COP_TEST(STASH_nobody, "without a stash who asks it exits as with any call")
{
        cop_assert_term(exit_of(get_from_nobody, NULL),
                        "{noproc, {gen_server, call, [nobody, {get, <<\"a\">>}, 5000]}}");
}

COP_TEST(STASH_shown, "people see how much it has, and nothing of what")
{
        cop_server_start_link(cop_stash, cop_nil(), .name = "stash");
        cop_stash_put("stash", "password", "secret");
        cop_assert_term(cop_sys_get_state("stash"), "#{keys => 1}");
}
