/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EVNIC_MOCK_H
#define EVNIC_MOCK_H

#include <evnic.h>

extern unsigned int mock_syncs;	      /* calls of evnic_wire_sync() */
extern uint32_t mock_version_at_sync; /* evnic_port.rules.version at the last one */
#define MOCK_ENTRY 64
extern uint32_t mock_queue_at_sync; /* likewise that entry of the RETA */

/* Keep what is logged. */
void mock_log_begin(void);

/* Log to stderr again. Returns how many lines were kept; fails unless `word`, if there is one, is
 * in them. */
unsigned int mock_log_end(const char *word);

#endif /* EVNIC_MOCK_H */
