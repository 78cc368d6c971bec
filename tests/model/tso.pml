/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Memory as x86 has it (total store order). Each thread has a store buffer, a FIFO: a store goes
 * into it, and at some later time from there to memory. A load finds the thread's own newest store
 * first. A fence and an atomic read-modify-write wait until the buffer is empty, so that leaving a
 * fence out is leaving out that wait.
 *
 * The model says, before it includes this: THREADS, CELLS (of memory), DEPTH (of a buffer). A
 * buffer that would overflow is an error of the model, so that DEPTH keeps nothing from happening;
 * only a mutant, which may lack the fence that empties it, waits for room.
 */

#ifndef DEPTH
#define DEPTH 2
#endif

typedef store_buffer {
	byte at[DEPTH];
	byte value[DEPTH];
	byte n
};

byte mem[CELLS];
store_buffer sb[THREADS];
hidden byte i_;

/* A plain, relaxed or release store. */
inline store(t, a, v)
{
	d_step {
#ifdef MUTANT
		sb[t].n < DEPTH;
#else
		assert(sb[t].n < DEPTH);
#endif
		sb[t].at[sb[t].n] = a;
		sb[t].value[sb[t].n] = v;
		sb[t].n++
	}
}

/* A plain, relaxed or acquire load. */
inline load(t, a, to)
{
	d_step {
		to = mem[a];
		for (i_ : 0 .. DEPTH - 1) {
			if
			:: i_ < sb[t].n && sb[t].at[i_] == a -> to = sb[t].value[i_]
			:: else
			fi
		}
		i_ = 0
	}
}

inline fence(t)
{
	sb[t].n == 0
}

/* A sequentially consistent store: on x86 an exchange, or a store and a fence. */
inline store_seq_cst(t, a, v)
{
	d_step { sb[t].n == 0 -> mem[a] = v }
}

inline exchange(t, a, v, to)
{
	d_step {
		sb[t].n == 0 -> to = mem[a];
		mem[a] = v
	}
}

inline fetch_or(t, a, v)
{
	d_step { sb[t].n == 0 -> mem[a] = mem[a] | (v) }
}

inline fetch_and(t, a, v)
{
	d_step { sb[t].n == 0 -> mem[a] = mem[a] & (v) }
}

/* to: what was there; it is v_old if the exchange took place. */
inline compare_exchange(t, a, v_old, v_new, to)
{
	d_step {
		sb[t].n == 0 -> to = mem[a];
		if
		:: to == v_old -> mem[a] = v_new
		:: else
		fi
	}
}

/* One for each thread: its stores reach memory, in order, at any time. */
proctype memory(byte t)
{
end_all_stored:
	do
	:: d_step {
		sb[t].n > 0 ->
		mem[sb[t].at[0]] = sb[t].value[0];
		for (i_ : 1 .. DEPTH - 1) {
			sb[t].at[i_ - 1] = sb[t].at[i_];
			sb[t].value[i_ - 1] = sb[t].value[i_]
		}
		sb[t].at[DEPTH - 1] = 0;
		sb[t].value[DEPTH - 1] = 0;
		i_ = 0;
		sb[t].n--
	}
	od
}
