#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Records the captures of this folder: real servers and clients in three network namespaces, and
# tcpdump on the client's link. Nothing leaves the namespaces. Each capture gets namespaces of its
# own, so that none depends on what was recorded before it. The namespaces are made in network.sh;
# what is said on the wire is in traffic.sh; the captures are judged by table.py. Needs root.
#
#	record.sh [FOLDER]		record every capture into FOLDER (default: this folder)
#	record.sh --check [FOLDER]	judge the captures there and README.md's table; no root,
#					python3 only
set -euo pipefail

# "command package": what the recording needs; the check needs python3 only.
needed=(
	"arping iputils-arping"
	"curl curl"
	"dig bind9-dnsutils"
	"dnsmasq dnsmasq-base"
	"ethtool ethtool"
	"ip iproute2"
	"iperf3 iperf3"
	"nginx nginx-light"
	"ping iputils-ping"
	"python3 python3"
	"reordercap wireshark-common"
	"sysctl procps"
	"tcpdump tcpdump"
	"tracepath iputils-tracepath"
	"/usr/lib/usrsctp/tsctp libusrsctp-examples"
)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=	# the temporary folder, inside the output folder so that mv is atomic
started=()	# process ids of the servers of the present namespaces

# shellcheck source-path=SCRIPTDIR source=network.sh
. "$here/network.sh"
# shellcheck source-path=SCRIPTDIR source=traffic.sh
. "$here/traffic.sh"

die() {
	echo "record.sh: $*" >&2
	exit 1
}

check_needed() {
	local line missing=()

	for line in "${needed[@]}"; do
		command -v "${line% *}" >/dev/null || missing+=("${line#* }")
	done
	((${#missing[@]} == 0)) ||
		die "please install: apt-get install --no-install-recommends ${missing[*]}"
}

# ------------------------------------------------------------------ processes

# Through exec, so that the process id is the server's own and not that of a shell around it.
start() { # name in_client|in_router|in_server command...
	local name=$1 where=$2

	shift 2
	exec_in "$where" "$@" >"$work/$name.log" 2>&1 &
	started+=($!)
}

exec_in() { # in_client|in_router|in_server command...
	local ns=ns_${1#in_}

	shift
	exec ip netns exec "${!ns}" "$@"
}

# Whatever runs in namespaces that only this script knows was started by it: the servers, and
# the clients of a recording that was interrupted.
stop_all() {
	local ns pid

	for ns in "$ns_client" "$ns_router" "$ns_server"; do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			kill "$pid" 2>/dev/null || true
		done
	done
	for pid in "${started[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	started=()
}

await() { # seconds what command...: the command's success
	local tenths=$(($1 * 10)) what=$2

	shift 2
	until "$@"; do
		((tenths-- > 0)) || die "$what: not ready in time: $(tail -qn 1 "$work"/*.log)"
		sleep 0.1
	done
}

clean_up() {
	trap '' INT TERM
	stop_all
	remove_namespaces
	[[ -z $work ]] || rm -rf "$work"
}

# ------------------------------------------------------------------ a capture

start_tcpdump() { # file option...
	local file=$1

	shift
	# Emptied here, not in the background: await must not see the last capture's.
	: >"$work/tcpdump.log"
	exec_in in_client tcpdump -i up0 -nn -U -s 0 -B 8192 --immediate-mode "$@" -w - \
		>"$work/$file" 2>>"$work/tcpdump.log" &
	tcpdump_pid=$!
	started+=("$tcpdump_pid")
	await 5 tcpdump grep -q '^tcpdump: listening on' "$work/tcpdump.log"
}

stop_tcpdump() {
	sleep 0.3	# the last packets are still on their way to it
	kill -INT "$tcpdump_pid"
	wait "$tcpdump_pid" || die "tcpdump failed: $(cat "$work/tcpdump.log")"
	grep -q '^0 packets dropped by kernel' "$work/tcpdump.log" || die "tcpdump lost packets"
}

# A received packet has the time of its arrival, a sent one that of its sending; one that is sent
# while another waits to be received comes first in the file, and time would go back.
put_in_order() { # file
	reordercap "$work/$1" "$work/$1.ordered" >/dev/null
	mv "$work/$1.ordered" "$work/$1"
}

# What tcpdump, not table.py, says of the file: complete, and every checksum right.
judge_by_tcpdump() { # file
	local counted captured bad

	captured=$(sed -n 's/^\([0-9]*\) packets\? captured$/\1/p' "$work/tcpdump.log")
	counted=$(tcpdump -nn -r "$work/$1" 2>/dev/null | wc -l)
	((counted > 0 && counted == captured)) || die "$1: $counted packets of $captured"
	bad=$(tcpdump -nnvv -r "$work/$1" 2>/dev/null |
		grep -cE '\<(bad|wrong) ([a-z0-9]+ )?cksum|\(incorrect' || true)
	((bad == 0)) || die "$1: $bad wrong checksums"
}

has_tags() { # file
	[[ $1 == mixed.pcap || $1 == vlan.pcap ]]
}

record() { # file traffic-function mtu-of-client's-link mtu-of-server's-link tcpdump-option...
	local file=$1 traffic=$2

	echo "$file"
	make_namespaces "$3" "$4"
	add_addresses
	! has_tags "$file" || add_tagged_networks
	start_servers
	sleep 1.2	# the kernel's multicast reports on new addresses
	shift 4
	start_tcpdump "$file" "$@"
	"$traffic"
	stop_tcpdump
	put_in_order "$file"
	judge_by_tcpdump "$file"
	stop_all
	remove_namespaces
}

record_all() { # folder
	local out=$1

	((EUID == 0)) || die "recording needs root (network namespaces)"
	check_needed
	work=$(mktemp -d "$out/.recording.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	make_server_files
	record mixed.pcap mixed_traffic 1500 1500
	record dns.pcap dns_traffic 1500 1500 --time-stamp-precision=nano
	record http.pcap http_traffic 1500 1500
	record bulk-tcp.pcap bulk_tcp_traffic 1500 1500
	record icmp.pcap icmp_traffic 1500 1400
	record ipv6.pcap ipv6_traffic 1500 1400
	record vlan.pcap vlan_traffic 1500 1500
	record fragments.pcap fragments_traffic 1500 1500
	record jumbo.pcap jumbo_traffic 9000 9000
	python3 "$here/table.py" judge "$work"
	chmod 644 "$work"/*.pcap
	mv "$work"/*.pcap "$out/"
	[[ ! -e $out/README.md ]] || python3 "$here/table.py" update "$out"
	python3 "$here/table.py" print "$out"
}

folder_of() { # [folder]
	(cd "${1:-$here}" 2>/dev/null && pwd) || die "no folder ${1:-$here}"
}

main() {
	local folder

	case ${1-} in
	--check)
		(($# <= 2)) || die "usage: record.sh --check [FOLDER]"
		folder=$(folder_of "${2-}")
		python3 "$here/table.py" check "$folder"
		;;
	-*)
		die "usage: record.sh [FOLDER] | record.sh --check [FOLDER]"
		;;
	*)
		(($# <= 1)) || die "usage: record.sh [FOLDER]"
		folder=$(folder_of "${1-}")
		record_all "$folder"
		;;
	esac
}

main "$@"
