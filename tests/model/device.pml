/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Who makes work: the producer of a handshake source, and a device that is a plain one. Each makes
 * EVENTS events and ends; or, when LIVE, the next one as soon as the last was taken, without an end.
 */

#ifdef LIVE
#define RING_HAS_ROOM(r)  (made == taken[r])
#define PLAIN_HAS_ROOM(p) (made == received[p])
#else
#define RING_HAS_ROOM(r)  (made < EVENTS)
#define PLAIN_HAS_ROOM(p) (made < EVENTS)
#endif

/* evnic_wire.c, publish(); anybody who posts into an evring and calls rouse_attn_signal() */
proctype producer(byte t; byte device; byte nr)
{
	byte made, seen, tmp;

end_made:
	do
	:: atomic {
		RING_HAS_ROOM(RING(0, device, nr)) ->
		made = NEXT(made);
#ifndef SIGNAL_FIRST
		store(t, WRITE(RING(0, device, nr)), made)
#endif
	}
#if defined(AUDITED) && defined(SETTLED_FIRST)
		store(t, SETTLED(RING(0, device, nr)), made);
#endif
		attn_signal(t, 0, device, nr, seen, tmp);
#ifdef SIGNAL_FIRST
		store(t, WRITE(RING(0, device, nr)), made)
#endif
#if defined(AUDITED) && !defined(SETTLED_FIRST)
		store(t, SETTLED(RING(0, device, nr)), made)
#endif
	od
}

#if PLAIN > 0
/* A driver's device: it fills a descriptor, and interrupts if it is armed. */
proctype plain_device(byte t; byte p)
{
	byte made, armed;

end_made:
	do
	:: atomic {
		PLAIN_HAS_ROOM(p) ->
		made = NEXT(made);
		store(t, FILLED(p), made)
	}
#ifndef NO_DEVICE_FENCE
		fence(t);
#endif
		load(t, ARMED(p), armed);
		if
		:: armed -> fired[p] = true
#ifndef NEVER_ARMED
		:: !armed -> fired[p] = true /* late, from before it was disarmed */
#endif
		:: !armed
		fi;
		armed = 0
	od
}
#endif
