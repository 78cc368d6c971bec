/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_WORKER_SIGNAL_H
#define ROUSE_WORKER_SIGNAL_H

/**
 * @file
 * Rx queues whose signal a worker goes without: for an interrupt that storms, or that is in doubt,
 * and to compare. Which signals a queue has is found out when it is added, see rouse_worker.h.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rouse_worker;

/**
 * Let a worker go without what signals an Rx queue's packets: it looks at the queue every
 * rouse_worker_conf.timed_us instead, as at one of a driver that signals nothing; or let it wait
 * for the signal again. While packets come; none is lost. The queue keeps it when it moves to
 * another worker, and when its port is paused and resumed, and not when it is removed and added
 * anew. Not from a handler (-EDEADLK).
 *
 * @param w      the worker that has the queue
 * @param port   port number
 * @param queue  number of the Rx queue
 * @param on     whether the signal is waited for, as it is when the queue was added
 * @return 0, also if it is so already; -ENOENT: the worker has no such queue; -EPERM: the
 *         application polls it; -EBUSY: not without it, as other queues of the worker share its
 *         event rings; -EAGAIN: its port is paused, or its flows move; or as
 *         rouse_worker_ethdev_add(), after which a queue that cannot be taken up as before is
 *         paused. Nothing else changed then (logged, in each case)
 */
int rouse_worker_ethdev_signal_set(struct rouse_worker *w, uint16_t port, uint16_t queue, bool on);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_WORKER_SIGNAL_H */
