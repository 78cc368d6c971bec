/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <rouse_worker.h>

/*
 * Of test builds: a thread that looks at a worker now and then. A worker that blocks though one of
 * its sources owes it an entry whose handshake is over, and for which nothing has rung, has lost a
 * wake if that is still so at the second look: a stall. It is reported (the source, what it owes,
 * the state, the attention words), the worker is kicked awake, what became of it is said, and the
 * program ends with status 1.
 */
void watchdog_start(struct rouse_worker *w); /* by the thread that will run it */
void watchdog_stop(void);

/* The same report and end for what only the test can know to be lost: `why`. */
_Noreturn void watchdog_bark(struct rouse_worker *w, const char *why);

#endif /* WATCHDOG_H */
