/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_WORKER_MOVES_H
#define ROUSE_WORKER_MOVES_H

/**
 * @file
 * Queues that go from one worker to another, and workers that go offline and come back, while
 * packets come: a part of rouse_worker.h, which includes it. Control threads call it, as they add
 * and remove sources; one such change at a time in a process. What is refused is an errno and a
 * line in the log.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rouse_worker;
struct rte_eth_rss_reta_entry64;

/**
 * Let another worker have an Rx queue, while packets come. Each of them is handed over once, and
 * those of a flow in their order, as the handlers see it: by the worker that had the queue up to a
 * round of it, by the other one from then on. Queues that share event rings with it go, too. No
 * worker is woken for what is another's. rouse_worker_ethdev_watch()ed queues stay where they are.
 *
 * A bit of the old owner that somebody goes on to signal, though the driver has let go of it, stays
 * taken there (logged), and the queue has moved.
 *
 * @return 0; -ENOENT: it has no such queue; -EEXIST: the two are one; -EPERM: the application polls
 *         it; -ENETDOWN: the other one is offline; -ENOSPC as rouse_worker_ethdev_add(); -EBUSY:
 *         queues move, or a port is paused or resumed, right now: try again; -ENOMEM; -EDEADLK: a
 *         handler asks. Or the errno of the driver's binding. Each is logged in one line, and
 *         nothing changed then
 */
int rouse_worker_ethdev_move(struct rouse_worker *from, struct rouse_worker *to, uint16_t port,
			     uint16_t queue);

/**
 * Change entries of a port's redirection table while packets come, so that each flow stays in its
 * order, as the handlers see it: the queue that a flow goes to is held back until the one that it
 * comes from was seen empty, or had as many packets taken as it can hold, after the table was
 * written. What rte_eth_dev_rss_reta_update() does loses and doubles nothing either, but a worker
 * that is late with the old queue handles what it has of a flow after what the other has.
 *
 * It holds for queues whose workers run; one that no worker has, or whose worker does not run, is
 * not waited for. A queue that gives nothing as it lacks mbufs counts as empty. Of a NIC it holds
 * from when the NIC has written a packet to the queue: what it has steered and not yet written when
 * its driver returns from the change may be late. The driver of net_evnic returns when its device
 * goes by the new table.
 *
 * @param port  its number
 * @param reta  as of rte_eth_dev_rss_reta_update(): the entries whose bit of the mask is set
 * @param size  entries of the table, as the port has them; at most 512
 * @return 0; -EINVAL: the table has another size, or an entry names no queue; -EPERM: an
 * application polls a queue that flows come from, or go to; -ENOTSUP: the table cannot be read;
 * -ENODEV: no such port; -EBUSY: queues move, or a port is paused or resumed, right now: try again;
 *         -EDEADLK: a handler asks; or the errno of the driver: the entries are as they were, and a
 *         queue that cannot be taken up again is paused. Each is logged
 */
int rouse_worker_reta_update(uint16_t port, const struct rte_eth_rss_reta_entry64 *reta,
			     uint16_t size);

/**
 * Take a worker offline, while packets come: its queues move to the others, as by
 * rouse_worker_ethdev_move(), to where there are fewest and room; then it is stopped, and
 * rouse_worker_run() returns. What cannot move goes on: the default worker runs its messages and
 * timers, and the handlers of its event rings and file descriptors, with this worker for their
 * argument, as those who signal it go on to do so. New queues are refused (-ENETDOWN).
 *
 * A port's default processor and its RETA name queues, and move with these.
 *
 * When it returns, the worker does not run. In the idle form that is when the application has
 * called rouse_worker_leave().
 *
 * @return 0; -EBUSY: it is the last one that is online, or the default one, or the application
 *         polls queues of it, or somebody signals a source that was removed from it; or queues move
 *         right now: try again; -ENOSPC: the others have no bits left for its queues; -EALREADY: it
 *         is offline, or going there; -ENOMEM; -EDEADLK: a handler asks; or the errno of what could
 *         not be moved. Each is logged in one line, and nothing changed then, or (logged) a second
 *         line says what did: it gets no queues until rouse_worker_online(), as somebody signals a
 *         bit that was reserved for one of its queues; or a queue that had moved stays where it is,
 *         as its bit was given away meanwhile
 */
int rouse_worker_offline(struct rouse_worker *w);

/**
 * Bring a worker back online: it may have queues, and may be run. Queues come to it by
 * rouse_worker_rebalance(), or as they are added or moved. If no other is online it is the default
 * worker. One that could not go offline, and could not stay, stays.
 *
 * @return 0; -EALREADY: it is online; -EBUSY: queues move right now: try again, or it could not
 *         stay again; -EDEADLK: a handler asks (all logged)
 */
int rouse_worker_online(struct rouse_worker *w);

/** Whether it is, and not on its way from there. */
bool rouse_worker_is_online(const struct rouse_worker *w);

/**
 * Move queues from those who have most to those who have fewest until all that are online have the
 * same number, or one more.
 *
 * @return how many moved; -EBUSY: queues move right now, try again; -EDEADLK: a handler asks; or
 * the first error met, as rouse_worker_ethdev_move(): those that had moved before are where they
 *         went to (all logged)
 */
int rouse_worker_rebalance(void);

/**
 * Choose the default worker, which looks after those that are offline, and cannot be. The first one
 * that was made is it unless another is chosen; if it is destroyed, another one that is online is
 * it, or the first that comes online.
 *
 * @return 0; -ENETDOWN: it is offline; -EBUSY: queues move right now: try again; -EDEADLK: a
 * handler asks; -ENOMEM, or the errno of epoll: it cannot look after one that is offline. All is
 *         logged, and nothing changed then
 */
int rouse_worker_default_set(struct rouse_worker *w);

/** The default worker; NULL: there is none, or a handler asks. */
struct rouse_worker *rouse_worker_default(void);

#ifdef __cplusplus
}
#endif

#endif /* ROUSE_WORKER_MOVES_H */
