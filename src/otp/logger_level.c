/*
 * logger_level.c: which events are wanted.
 *
 * The gate is the highest level that is wanted anywhere, and the only thing that most events meet:
 * see cop_is_reported(). What passes it asks its site, which knows the level that holds there
 * since `generation` changed last, so that names are compared once a site and change. Processes
 * with a level of their own are counted; only while there are some does an event ask its process.
 */
#include "otp/logger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/memory.h>

#include "base/lock.h"

enum { RULES_MOST = 64, LEVEL_BITS = 4, LEVELS = COP_LEVEL_DEBUG + 1 };

int cop__log_gate = COP_LEVEL_NOTICE;

struct rule {
        char name[LOG_NAME_MOST + 1];
        bool is_application;
        enum cop_level level;
};

struct rules {
        enum cop_level all;
        int count;
        struct rule list[RULES_MOST];
};

static struct {
        struct lock lock;
        struct rules rules;
        _Atomic(uint32_t) generation; /* of the rules; never 0 once they changed */
        _Atomic(int) processes;       /* that have a level of their own */
        int processes_at[LEVELS];     /* of them, how many have this one; under the lock */
} levels = { .rules = { .all = COP_LEVEL_NOTICE }, .generation = 1 };

static const char *const names[] = {
        [COP_LEVEL_EMERGENCY] = "emergency", [COP_LEVEL_ALERT] = "alert",
        [COP_LEVEL_CRITICAL] = "critical",   [COP_LEVEL_ERROR] = "error",
        [COP_LEVEL_WARNING] = "warning",     [COP_LEVEL_NOTICE] = "notice",
        [COP_LEVEL_INFO] = "info",           [COP_LEVEL_DEBUG] = "debug",
};

const char *cop_level_name(enum cop_level level)
{
        if (level == COP_LEVEL_NONE)
                return "none";
        return level >= COP_LEVEL_EMERGENCY && level <= COP_LEVEL_DEBUG ? names[level] : "unknown";
}

static bool is_level(int level)
{
        return level >= COP_LEVEL_NONE && level <= COP_LEVEL_DEBUG;
}

/* ---- the rules; under the lock ---- */

static void open_gate(void)
{
        int gate = levels.rules.all, i;

        for (i = 0; i < levels.rules.count; i++)
                if ((int)levels.rules.list[i].level > gate)
                        gate = levels.rules.list[i].level;
        for (i = gate + 1; i < LEVELS; i++)
                if (levels.processes_at[i])
                        gate = i;
        __atomic_store_n(&cop__log_gate, gate, __ATOMIC_RELAXED);
        atomic_fetch_add(&levels.generation, 1);
}

static struct rule *find(struct rules *rules, const char *name, size_t size, bool is_application)
{
        int i;

        for (i = 0; i < rules->count; i++)
                if (rules->list[i].is_application == is_application &&
                    strlen(rules->list[i].name) == size &&
                    memcmp(rules->list[i].name, name, size) == 0)
                        return &rules->list[i];
        return NULL;
}

static int set_rule(struct rules *rules, const char *name, size_t size, bool is_application,
                    enum cop_level level)
{
        struct rule *rule = find(rules, name, size, is_application);

        if (size == 0 || size > LOG_NAME_MOST || !is_level(level))
                return -EINVAL;
        if (!rule && rules->count == RULES_MOST)
                return -ENOSPC;
        if (!rule) {
                rule = &rules->list[rules->count++];
                memcpy(rule->name, name, size);
                rule->name[size] = '\0';
                rule->is_application = is_application;
        }
        rule->level = level;
        return 0;
}

static int set(const char *name, bool is_application, enum cop_level level)
{
        int err;

        cop__lock_take(&levels.lock);
        err = set_rule(&levels.rules, name, strlen(name), is_application, level);
        if (err == 0)
                open_gate();
        cop__lock_give(&levels.lock);
        return err;
}

static int unset(const char *name, bool is_application)
{
        struct rule *rule;

        cop__lock_take(&levels.lock);
        rule = find(&levels.rules, name, strlen(name), is_application);
        if (rule) {
                *rule = levels.rules.list[--levels.rules.count];
                open_gate();
        }
        cop__lock_give(&levels.lock);
        return rule ? 0 : -ENOENT;
}

int cop_logger_set_module_level(const char *module, enum cop_level level)
{
        return set(module, false, level);
}

int cop_logger_set_application_level(const char *application, enum cop_level level)
{
        return set(application, true, level);
}

int cop_logger_unset_module_level(const char *module)
{
        return unset(module, false);
}

int cop_logger_unset_application_level(const char *application)
{
        return unset(application, true);
}

enum cop_level cop_logger_level(void)
{
        enum cop_level level;

        cop__lock_take(&levels.lock);
        level = levels.rules.all;
        cop__lock_give(&levels.lock);
        return level;
}

enum cop_level cop_logger_set_level(enum cop_level level)
{
        enum cop_level before;

        cop__lock_take(&levels.lock);
        before = levels.rules.all;
        if (is_level(level))
                levels.rules.all = level;
        open_gate();
        cop__lock_give(&levels.lock);
        return before;
}

enum cop_level cop_set_report_level(enum cop_level level)
{
        return cop_logger_set_level(level);
}

/* ---- a site ---- */

const char *cop__log_module_of(const struct cop_log_site *site, size_t *size)
{
        const char *name = site->module, *slash, *dot;

        if (name) {
                *size = strlen(name);
                return name;
        }
        slash = strrchr(site->file, '/');
        name = slash ? slash + 1 : site->file;
        dot = strrchr(name, '.');
        *size = dot && dot != name ? (size_t)(dot - name) : strlen(name);
        return name;
}

/* Returns the level, and keeps it with the generation in which it holds. */
static int ask_rules(struct cop_log_site *site)
{
        const char *module;
        struct rule *rule;
        uint32_t generation;
        size_t size;
        int level;

        module = cop__log_module_of(site, &size);
        cop__lock_take(&levels.lock);
        generation = atomic_load(&levels.generation);
        rule = find(&levels.rules, module, size, false);
        if (!rule && site->application)
                rule = find(&levels.rules, site->application, strlen(site->application), true);
        level = rule ? rule->level : levels.rules.all;
        cop__lock_give(&levels.lock);
        __atomic_store_n(&site->cache, generation << LEVEL_BITS | (uint32_t)(level + 1),
                         __ATOMIC_RELAXED);
        return level;
}

bool cop__log_wants(enum cop_level level, struct cop_log_site *site)
{
        uint32_t cache = __atomic_load_n(&site->cache, __ATOMIC_RELAXED);
        uint32_t generation = atomic_load_explicit(&levels.generation, memory_order_relaxed);
        int most;

        if (atomic_load_explicit(&levels.processes, memory_order_relaxed) &&
            cop__log_in_process()) {
                cop_term own = cop_get(cop_build("'$log_level'"));

                if (!cop_is_none(own))
                        return (int)level <= (int)cop_to_int(own);
        }
        if (cache >> LEVEL_BITS == (generation & UINT32_MAX >> LEVEL_BITS))
                most = (int)(cache & ((1u << LEVEL_BITS) - 1)) - 1;
        else
                most = ask_rules(site);
        return (int)level <= most;
}

/* ---- a process ---- */

bool cop__log_in_process(void)
{
        return cop__in_system();
}

static void count_process(int level, int by)
{
        cop__lock_take(&levels.lock);
        if (level >= 0)
                levels.processes_at[level] += by;
        atomic_fetch_add(&levels.processes, by);
        open_gate();
        cop__lock_give(&levels.lock);
}

/* What a process owns that has a level: forgets it when the process ends. The level is in the
 * pointer. */
static char tokens[LEVELS + 1];

static void forget(void *token)
{
        count_process((int)((char *)token - tokens) - 1, -1);
}

void cop_log_unset_level(void)
{
        cop_term own = cop_erase(cop_build("'$log_level'"));

        if (!cop_is_none(own))
                cop_dispose(&tokens[cop_to_int(own) + 1]);
}

void cop_log_set_level(enum cop_level level)
{
        if (!is_level(level))
                cop_error("badarg");
        cop_log_unset_level();
        count_process(level, 1);
        cop_own(&tokens[level + 1], forget);
        cop_put(cop_build("'$log_level'"), cop_int(level));
}

cop_term cop_log_metadata(void)
{
        cop_term map = cop_get(cop_build("'$log_metadata'"));

        return cop_is_none(map) ? cop_build("#{}") : map;
}

cop_term cop_log_set_metadata(cop_term map)
{
        cop_term before = cop_log_metadata();

        if (!cop_is_map(map))
                cop_error("badarg");
        cop_put(cop_build("'$log_metadata'"), map);
        return before;
}

void cop_log_update_metadata(cop_term map)
{
        cop_term all = cop_log_metadata();
        size_t i;

        if (!cop_is_map(map))
                cop_error("badarg");
        for (i = 0; i < cop_map_size(map); i++)
                all = cop_map_put(all, cop_map_key(map, i), cop_map_value(map, i));
        cop_log_set_metadata(all);
}

/* ---- levels as text ---- */

static bool level_of(const char *name, size_t size, enum cop_level *level)
{
        int i;

        for (i = COP_LEVEL_NONE; i <= COP_LEVEL_DEBUG; i++) {
                const char *known = cop_level_name((enum cop_level)i);

                if (strlen(known) == size && memcmp(known, name, size) == 0) {
                        *level = (enum cop_level)i;
                        return true;
                }
        }
        return false;
}

/* One part: LEVEL, NAME=LEVEL or app:NAME=LEVEL. */
static int configure_part(struct rules *rules, const char *part, size_t size, char *error,
                          size_t room)
{
        const char *equals = memchr(part, '=', size), *name = part;
        const char *text = equals ? equals + 1 : part;
        size_t text_size = size - (size_t)(text - part);
        bool is_application = equals && size > 4 && memcmp(part, "app:", 4) == 0;
        enum cop_level level;
        int err;

        if (!level_of(text, text_size, &level)) {
                snprintf(error, room,
                         "\"%.*s\" is no level; there are emergency, alert, critical, error, "
                         "warning, notice, info, debug and none",
                         (int)text_size, text);
                return -EINVAL;
        }
        if (!equals) {
                rules->all = level;
                return 0;
        }
        name += is_application ? 4 : 0;
        err = set_rule(rules, name, (size_t)(equals - name), is_application, level);
        if (err < 0)
                snprintf(error, room, "\"%.*s\": %s", (int)size, part,
                         err == -ENOSPC ? "there are 64 names before it, which is all there may be"
                                        : "a name has 1 to 63 bytes");
        return -(err < 0) & -EINVAL;
}

int cop_logger_configure(const char *text, char *error, size_t room)
{
        struct rules rules;
        int err = 0;

        cop__lock_take(&levels.lock);
        rules = levels.rules;
        while (err == 0) {
                size_t size = strcspn(text, ",");

                err = configure_part(&rules, text, size, error, room);
                text += size;
                if (!*text++)
                        break;
        }
        if (err == 0) {
                levels.rules = rules;
                open_gate();
        }
        cop__lock_give(&levels.lock);
        return err;
}
