# SPDX-License-Identifier: BSD-3-Clause
# The CPUs that this process may run on, and lcores for them. Sourced, never run.
# shellcheck shell=bash

# One number a line, in order; a container or taskset may leave any subset, as in "2-3,7".
allowed_cpus()
{
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' '\n' |
		while IFS=- read -r first last; do
			seq "$first" "${last:-$first}"
		done
}

# Main lcore 0 and workers 1 and 2, whatever there is to run them on. The main lcore only
# prints, so it shares the first worker's CPU when there are two, and the workers share when there
# is one: they sleep when they have nothing to do.
default_lcores()
{
	local cpu
	mapfile -t cpu < <(allowed_cpus)
	case ${#cpu[@]} in
	1) echo "0@${cpu[0]},1@${cpu[0]},2@${cpu[0]}" ;;
	2) echo "0@${cpu[0]},1@${cpu[0]},2@${cpu[1]}" ;;
	*) echo "0@${cpu[0]},1@${cpu[1]},2@${cpu[2]}" ;;
	esac
}
