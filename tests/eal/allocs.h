/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ALLOCS_H
#define ALLOCS_H

/*
 * Counts what a program takes from the system: its own definitions of malloc and mmap, and those of
 * EAL's memory, stand before the libraries'. Not for a sanitized build, which has its own.
 */

#include <stdint.h>

/* Calls so far, of any thread, that took memory; freeing does not count. */
uint64_t allocs_count(void);

/* Bytes that were mapped without a file so far; unmapping does not count. */
uint64_t allocs_mapped(void);

/* The last call that took memory: its name, for a message. */
const char *allocs_last(void);

#endif /* ALLOCS_H */
