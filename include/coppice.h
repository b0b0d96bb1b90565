/*
 * coppice.h: all of it. Each header below is the manual of one idea.
 */
#ifndef COPPICE_H
#define COPPICE_H

#include <coppice/agent.h>
#include <coppice/application.h>
#include <coppice/console.h>
#include <coppice/containment.h>
#include <coppice/counters.h>
#include <coppice/dynamic_supervisor.h>
#include <coppice/etf.h>
#include <coppice/ets.h>
#include <coppice/event.h>
#include <coppice/handler.h>
#include <coppice/heart.h>
#include <coppice/held.h>
#include <coppice/inspect.h>
#include <coppice/log.h>
#include <coppice/logger.h>
#include <coppice/match.h>
#include <coppice/memory.h>
#include <coppice/module.h>
#include <coppice/partition_supervisor.h>
#include <coppice/persistent.h>
#include <coppice/pg.h>
#include <coppice/process.h>
#include <coppice/registry.h>
#include <coppice/report.h>
#include <coppice/server.h>
#include <coppice/sim.h>
#include <coppice/sink.h>
#include <coppice/stash.h>
#include <coppice/statem.h>
#include <coppice/supervisor.h>
#include <coppice/sys.h>
#include <coppice/system.h>
#include <coppice/table.h>
#include <coppice/task.h>
#include <coppice/task_supervisor.h>
#include <coppice/term.h>
#include <coppice/text.h>
#include <coppice/timer.h>
#include <coppice/via.h>

#endif
