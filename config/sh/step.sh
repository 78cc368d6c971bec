# SPDX-License-Identifier: BSD-3-Clause
# Messages, and long steps that show where they are. Sourced, never run.
# shellcheck shell=bash

# Messages go to stderr: stdout belongs to the program that is started in the end.
say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "error: $*"
	exit 1
}

# The line a step is at: the last one that its log has, short enough not to wrap.
log_position()
{
	tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-60
}

# Refreshes one line on a terminal; elsewhere one line every 10 s, so that a CI log stays short.
# Nothing at all in the first two seconds: a build with nothing to do is silent.
watch_step()
{
	local label=$1 log=$2 begun=$SECONDS next=2 now
	# Killed, it leaves a sleep behind for a second, which must not hold the tree's lock.
	[[ -z ${tree_lock-} ]] || exec {tree_lock}>&-
	while :; do
		sleep 1 >/dev/null 2>&1
		now=$((SECONDS - begun))
		((now >= next)) || continue
		if [[ -t 2 ]]; then
			printf '\r\033[K%s (%d s): %s' "$label" "$now" "$(log_position "$log")" >&2
		else
			say "$label ($now s): $(log_position "$log")"
			next=$((now + 10))
		fi
	done
}

watcher=
stop_watching()
{
	[[ -n $watcher ]] || return 0
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	watcher=
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# What a log says about a failure: from the first one on that ninja reports, or else the end. A
# compiler's command line is cut.
show_failure()
{
	if grep -q '^FAILED:' "$1"; then
		sed -n '/^FAILED:/,$p' "$1" | head -n 25
	else
		tail -n 25 "$1"
	fi | cut -c 1-300 >&2
}

# step LABEL LOG COMMAND...: runs the command with its output in LOG; on failure shows the log's
# end and returns the command's status. The command stays in the foreground, so that Ctrl-C
# reaches it. When the caller's $explain names a function that knows the cause, its one line stands
# for the log. A shell function given as the command must check its own statuses: set -e is off
# inside.
step()
{
	local label=$1 log=$2 begun=$SECONDS status=0
	shift 2
	mkdir -p "$(dirname "$log")"
	: >"$log" || return
	watch_step "$label" "$log" &
	watcher=$!
	"$@" >"$log" 2>&1 </dev/null || status=$?
	stop_watching
	if ((status != 0)); then
		if [[ -z ${explain-} ]] || ! "$explain"; then
			show_failure "$log"
		fi
		say "failed: $label; the whole log is ${log#"$TOP"/}"
	elif ((SECONDS - begun > 2)); then
		say "$label: done in $((SECONDS - begun)) s"
	fi
	return "$status"
}

# Nothing has to be undone: each step writes its stamp only after it succeeded.
on_interrupt()
{
	stop_watching
	say "interrupted; the same command goes on from here"
	exit 130
}
