/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Symbols of an executable stand before those of its libraries, and glibc says that malloc and its
 * relatives may be replaced. What glibc calls within itself it calls by name, so that fopen() and
 * pthread_create() count, too.
 */

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_malloc.h>
#include <rte_memzone.h>

#include "allocs.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nb, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t align, size_t size);

static _Atomic uint64_t nb_allocs;
static _Atomic uint64_t mapped;
static const char *_Atomic last = "";

uint64_t
allocs_count(void)
{
	return atomic_load(&nb_allocs);
}

uint64_t
allocs_mapped(void)
{
	return atomic_load(&mapped);
}

const char *
allocs_last(void)
{
	return atomic_load(&last);
}

static void
count(const char *name)
{
	atomic_store(&last, name);
	atomic_fetch_add(&nb_allocs, 1);
}

/* ---- glibc's ---- */

void *
malloc(size_t size)
{
	count("malloc");
	return __libc_malloc(size);
}

void *
calloc(size_t nb, size_t size)
{
	count("calloc");
	return __libc_calloc(nb, size);
}

void *
realloc(void *at, size_t size)
{
	count("realloc");
	return __libc_realloc(at, size);
}

void *
memalign(size_t align, size_t size)
{
	count("memalign");
	return __libc_memalign(align, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
	count("aligned_alloc");
	return __libc_memalign(align, size);
}

int
posix_memalign(void **at, size_t align, size_t size)
{
	count("posix_memalign");
	*at = __libc_memalign(align, size);
	return *at == NULL ? ENOMEM : 0;
}

/* ---- what others call by name: the next definition is theirs ---- */

#define NEXT(type, name, params, args, also)                                                       \
	type name params                                                                           \
	{                                                                                          \
		static void *_Atomic next;                                                         \
		void *at = atomic_load(&next);                                                     \
		type(*fn) params;                                                                  \
                                                                                                   \
		if (at == NULL) {                                                                  \
			at = dlsym(RTLD_NEXT, #name);                                              \
			atomic_store(&next, at);                                                   \
		}                                                                                  \
		count(#name);                                                                      \
		also;                                                                              \
		*(void **)&fn = at;                                                                \
		return fn args;                                                                    \
	}

NEXT(void *, mmap, (void *at_wanted, size_t len, int prot, int flags, int fd, off_t offset),
     (at_wanted, len, prot, flags, fd, offset),
     atomic_fetch_add(&mapped, (flags & MAP_ANONYMOUS) != 0 ? len : 0))
NEXT(void *, rte_malloc, (const char *type, size_t size, unsigned int align), (type, size, align),
     (void)0)
NEXT(void *, rte_zmalloc, (const char *type, size_t size, unsigned int align), (type, size, align),
     (void)0)
NEXT(void *, rte_calloc, (const char *type, size_t nb, size_t size, unsigned int align),
     (type, nb, size, align), (void)0)
NEXT(void *, rte_realloc, (void *old, size_t size, unsigned int align), (old, size, align), (void)0)
NEXT(void *, rte_malloc_socket, (const char *type, size_t size, unsigned int align, int socket),
     (type, size, align, socket), (void)0)
NEXT(void *, rte_zmalloc_socket, (const char *type, size_t size, unsigned int align, int socket),
     (type, size, align, socket), (void)0)
NEXT(void *, rte_calloc_socket,
     (const char *type, size_t nb, size_t size, unsigned int align, int socket),
     (type, nb, size, align, socket), (void)0)
NEXT(void *, rte_realloc_socket, (void *old, size_t size, unsigned int align, int socket),
     (old, size, align, socket), (void)0)
NEXT(const struct rte_memzone *, rte_memzone_reserve_aligned,
     (const char *name, size_t len, int socket, unsigned int flags, unsigned int align),
     (name, len, socket, flags, align), (void)0)
