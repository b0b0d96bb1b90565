/*
 * cover.h: which lines of a project its tests have run.
 */
#ifndef COP_TOOL_COVER_H
#define COP_TOOL_COVER_H

#include "tool/project.h"

/* What follows builds the project so that it counts, in a directory of its own. Before it is built. */
void cover_choose(struct project *project);

/* Forgets what earlier runs have counted. */
void cover_forget(const struct project *project);

/* Prints each source, how much of it was run, and which lines were not. 0, or TOOL_FAILED having
 * complained. */
int cover_report(const struct project *project);

#endif
