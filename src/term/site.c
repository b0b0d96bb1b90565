/*
 * site.c: the places in a program where patterns stand.
 *
 * Each executable and library hands in the bounds of its list of sites when it is loaded: once for
 * each of its translation units, of which the first counts. Handing in takes nothing but a place in
 * a list, for it happens before main(). The runtime then has all of them checked
 * (cop__sites_check), and from then on what is loaded is checked as it comes.
 *
 * Checking compiles: so the first execution of a checked site finds its pattern there.
 *
 * Owners    The nodes of the list are in the modules' own memory, and leave with them.
 * Invariant No two nodes have the same bounds.
 */
#include <stdio.h>
#include <string.h>

#include "base/lock.h"
#include "term/atom.h"
#include "term/host.h"
#include "term/pattern.h"

static struct lock lock;
static struct cop__sites *modules; /* under the lock */
static cop__report_fn *report;     /* under the lock; NULL: nothing is checked */
static void *report_context;

enum { MESSAGE_SIZE = 512 };

/* ---- one site ---- */

/* What is wrong with the site: "FILE:12: pattern "{a": column 3: expected...". */
static void describe(const struct cop__site *site, const struct pattern_error *error,
                     char message[MESSAGE_SIZE])
{
        char where[64] = "", pattern[104];

        snprintf(pattern, sizeof(pattern), "%.100s%s", site->pattern,
                 strlen(site->pattern) > 100 ? "..." : "");
        for (char *at = pattern; *at; at++)
                if (*at == '\n')
                        *at = ' ';
        if (error->line > 1)
                snprintf(where, sizeof(where), "line %u, column %u: ", error->line, error->column);
        else if (error->column)
                snprintf(where, sizeof(where), "column %u: ", error->column);
        snprintf(message, MESSAGE_SIZE, "%s:%d: pattern \"%s\": %s%s", site->place.file,
                 site->place.line, pattern, where, error->text);
}

static const struct pattern *compile(struct cop__site *site, struct pattern_error *error)
{
        const struct pattern *pattern =
                cop__pattern_of(site->pattern, (enum cop__use)site->use, site->kinds, error);

        /* Any thread may store it, all the same; pairs with the acquire of cop__site_pattern. */
        if (pattern)
                __atomic_store_n(&site->compiled, pattern, __ATOMIC_RELEASE);
        return pattern;
}

const struct pattern *cop__site_compile(struct cop__site *site)
{
        struct pattern_error error;
        const struct pattern *pattern = compile(site, &error);
        char message[MESSAGE_SIZE];
        cop_term reason[2];

        if (pattern)
                return pattern;
        if (error.no_memory)
                cop__fail_limit("memory");
        describe(site, &error, message);
        reason[0] = cop_atom("bad_pattern");
        reason[1] = cop_text(message);
        cop__host.fail(FAIL_ERROR, cop_tuple(2, reason), &site->place);
}

cop_term cop__site_name(struct cop__site *site, const char *text)
{
        uint64_t word = __atomic_load_n(&site->name, __ATOMIC_RELAXED);
        cop_term name;

        /* Relaxed: the atom was made before its address could be known here, or is found now. */
        if (word && strcmp(atom_of(term_of(word))->text, text) == 0)
                return term_of(word);
        name = cop__atom_find(text, strlen(text));
        if (!cop_is_none(name))
                __atomic_store_n(&site->name, name.word, __ATOMIC_RELAXED);
        return name;
}

/* ---- all of them ---- */

/* In the order of the source: compilers list sites as they like. */
static int compare_sites(const struct cop__site *a, const struct cop__site *b)
{
        int order = strcmp(a->place.file, b->place.file);

        if (!order)
                order = (a->place.line > b->place.line) - (a->place.line < b->place.line);
        return order ? order : strcmp(a->pattern, b->pattern);
}

/* The first wrong site behind `before` (NULL: of all); NULL: there is none. What a header's inline
 * function brings into many translation units counts once. */
static struct cop__site *next_wrong(const struct cop__sites *sites, const struct cop__site *before)
{
        struct cop__site *next = NULL;

        for (struct cop__site *const *at = sites->first; at != sites->end; at++) {
                if (__atomic_load_n(&(*at)->compiled, __ATOMIC_RELAXED))
                        continue;
                if (before && compare_sites(*at, before) <= 0)
                        continue;
                if (!next || compare_sites(*at, next) < 0)
                        next = *at;
        }
        return next;
}

static size_t check(const struct cop__sites *sites)
{
        struct pattern_error error;
        struct cop__site *site;
        size_t wrong = 0;

        for (struct cop__site *const *at = sites->first; at != sites->end; at++)
                compile(*at, &error);
        for (site = next_wrong(sites, NULL); site; site = next_wrong(sites, site)) {
                char message[MESSAGE_SIZE];

                if (compile(site, &error))
                        continue;
                describe(site, &error, message);
                report(report_context, message);
                wrong++;
        }
        return wrong;
}

void cop__sites_add(struct cop__sites *sites)
{
        struct cop__sites *other;

        if (sites->first == sites->end)
                return;
        cop__lock_take(&lock);
        for (other = modules; other && other->first != sites->first;)
                other = other->next;
        if (!other) {
                sites->next = modules;
                modules = sites;
                if (report)
                        check(sites);
        }
        cop__lock_give(&lock);
}

void cop__sites_remove(struct cop__sites *sites)
{
        struct cop__sites **at = &modules;

        cop__lock_take(&lock);
        while (*at && (*at)->first != sites->first)
                at = &(*at)->next;
        if (*at)
                *at = (*at)->next;
        cop__lock_give(&lock);
}

size_t cop__sites_check(cop__report_fn *fn, void *context)
{
        size_t wrong = 0;

        cop__lock_take(&lock);
        report = fn;
        report_context = context;
        for (struct cop__sites *sites = modules; sites && report; sites = sites->next)
                wrong += check(sites);
        cop__lock_give(&lock);
        return wrong;
}
