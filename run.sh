#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Rouse and runs it.
#
#   ./run.sh               the default run, as config/run.conf says: replays a capture
#   ./run.sh ARGUMENTS     hands the arguments to rousepmd as they are
#
# The first call on a fresh Debian 12 installs what is missing and builds DPDK under .deps/.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/config/bootstrap.sh"

readonly PROGRAM=$TOP/build/app/rousepmd/rousepmd

# Sets default_arguments from config/run.conf. read splits at blanks and expands nothing.
read_default_arguments()
{
	local line eal
	local -a words
	default_arguments=()
	while read -r line || [[ -n $line ]]; do
		read -ra words <<<"${line%%#*}"
		default_arguments+=("${words[@]}")
	done <"$TOP/config/run.conf"
	eal=" ${default_arguments[*]} "
	case ${eal%% -- *} in
	*" --lcores"* | *" -l "* | *" -c "*) ;;
	*) default_arguments=("--lcores=$(default_lcores)" "${default_arguments[@]}") ;;
	esac
}

bootstrap build
build_rouse app/rousepmd/rousepmd
unlock_tree

if (($# > 0)); then
	exec "$PROGRAM" "$@"
fi

[[ -r $TOP/config/run.conf ]] || die "config/run.conf is gone; restore it, or give ./run.sh arguments for rousepmd"
read_default_arguments
[[ ${default_arguments[*]} != *net_evnic* ]] || has_driver_sdk "$dpdk_pc" ||
	die "the default run needs our driver net_evnic, which could not be built; give ./run.sh arguments that name another port"
cd "$TOP"
say "rousepmd ${default_arguments[*]}"
exec "$PROGRAM" "${default_arguments[@]}"
