/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <pthread.h>

#include "rouse_attn.h"

/* Any thread may register and look up; both are rare. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rouse_attn_port ports[ROUSE_ATTN_MAX_PORTS];
static void (*on_remove)(uint16_t port);

int
rouse_attn_registry_add(uint16_t port, const struct rouse_attn_port_ops *ops, void *ctx)
{
	int ret = 0;

	if (port >= ROUSE_ATTN_MAX_PORTS)
		return -ERANGE;
	pthread_mutex_lock(&lock);
	if (ports[port].ops != NULL)
		ret = -EEXIST;
	else
		ports[port] = (struct rouse_attn_port){ .ops = ops, .ctx = ctx };
	pthread_mutex_unlock(&lock);
	return ret;
}

void
rouse_attn_registry_remove(uint16_t port)
{
	void (*fn)(uint16_t port);
	bool is_known;

	if (port >= ROUSE_ATTN_MAX_PORTS)
		return;
	pthread_mutex_lock(&lock);
	is_known = ports[port].ops != NULL;
	ports[port] = (struct rouse_attn_port){ .ops = NULL };
	fn = on_remove;
	pthread_mutex_unlock(&lock);
	/* from here on nobody finds it any more */
	if (is_known && fn != NULL)
		fn(port);
}

void
rouse_attn_registry_on_remove(void (*fn)(uint16_t port))
{
	pthread_mutex_lock(&lock);
	on_remove = fn;
	pthread_mutex_unlock(&lock);
}

bool
rouse_attn_registry_find(uint16_t port, struct rouse_attn_port *out)
{
	if (port >= ROUSE_ATTN_MAX_PORTS)
		return false;
	pthread_mutex_lock(&lock);
	*out = ports[port];
	pthread_mutex_unlock(&lock);
	return out->ops != NULL;
}
