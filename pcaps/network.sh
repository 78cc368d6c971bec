# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The network that the captures are recorded in:
#
#	client up0 ---- down0 router down1 ---- up0 server
#	       vlan10, qinq --- the same link, tagged --- vlan10, qinq of the router
#
# Sourced by record.sh, which has start, and $here, the folder of both.
# shellcheck disable=SC2154

prefix=rouse-$$
ns_client=$prefix-client
ns_router=$prefix-router
ns_server=$prefix-server

in_client() { ip netns exec "$ns_client" "$@"; }
in_router() { ip netns exec "$ns_router" "$@"; }
in_server() { ip netns exec "$ns_server" "$@"; }

# No report, probe or solicitation of the kernel's own while a capture has a quiet phase.
quieten() { # namespace device
	ip netns exec "$1" sysctl -qw \
		"net.ipv6.conf.$2.dad_transmits=0" \
		"net.ipv6.conf.$2.router_solicitations=0" \
		"net.ipv6.conf.$2.mldv2_unsolicited_report_interval=10" \
		"net.ipv4.neigh.$2.delay_first_probe_time=60" \
		"net.ipv6.neigh.$2.delay_first_probe_time=60"
}

# Checksums are filled in, and no frame is larger than the MTU, only without the offloads.
set_up_device() { # namespace device mac mtu
	ip -n "$1" link set "$2" address "$3" mtu "$4"
	ip netns exec "$1" ethtool -K "$2" tx off sg off tso off gso off gro off >/dev/null
	quieten "$1" "$2"
	ip -n "$1" link set "$2" up
}

add_tap() { # namespace device mac mtu
	ip -n "$1" tuntap add dev "$2" mode tap
	ip -n "$1" link set "$2" address "$3" mtu "$4"
	quieten "$1" "$2"
	ip -n "$1" link set "$2" up
}

make_namespaces() { # mtu-of-client's-link mtu-of-server's-link
	local ns

	for ns in "$ns_client" "$ns_router" "$ns_server"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		ip netns exec "$ns" sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0
	done
	in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip link add up0 netns "$ns_client" type veth peer name down0 netns "$ns_router"
	ip link add up0 netns "$ns_server" type veth peer name down1 netns "$ns_router"
	set_up_device "$ns_client" up0 02:00:00:00:01:01 "$1"
	set_up_device "$ns_router" down0 02:00:00:00:01:02 "$1"
	set_up_device "$ns_router" down1 02:00:00:00:02:01 "$2"
	set_up_device "$ns_server" up0 02:00:00:00:02:02 "$2"
}

# 16 client addresses of each family, so that addresses differ between flows, not ports alone.
add_addresses() {
	local i

	for i in {10..25}; do
		ip -n "$ns_client" addr add "192.0.2.$i/24" dev up0
		ip -n "$ns_client" addr add "2001:db8:1::$i/64" dev up0 nodad
	done
	ip -n "$ns_router" addr add 192.0.2.1/24 dev down0
	ip -n "$ns_router" addr add 2001:db8:1::1/64 dev down0 nodad
	ip -n "$ns_router" addr add 198.51.100.1/25 dev down1
	ip -n "$ns_router" addr add 2001:db8:2::1/64 dev down1 nodad
	for i in 2 10 20; do	# plain, reached through VLAN 10, reached through QinQ
		ip -n "$ns_server" addr add "198.51.100.$i/25" dev up0
		ip -n "$ns_server" addr add "2001:db8:2::$i/64" dev up0 nodad
	done
	ip -n "$ns_client" route add default via 192.0.2.1 src 192.0.2.10
	ip -n "$ns_client" route add default via 2001:db8:1::1 src 2001:db8:1::10
	ip -n "$ns_server" route add default via 198.51.100.1 src 198.51.100.2
	ip -n "$ns_server" route add default via 2001:db8:2::1 src 2001:db8:2::2
}

# Two tagged networks on the client's link. trunk.py puts on the tags and takes them off: the
# kernel's VLAN devices would do, but the kernels of small virtual machines often have none.
# Their frames are at most 1518 and 1514 bytes long: what the link takes with one and two tags.
add_tagged_networks() {
	local tags=(vlan10=8100:10 "qinq=88a8:100,8100:20")

	add_tap "$ns_client" vlan10 02:00:00:00:0a:01 1500
	add_tap "$ns_router" vlan10 02:00:00:00:0a:02 1500
	add_tap "$ns_client" qinq 02:00:00:00:14:01 1492
	add_tap "$ns_router" qinq 02:00:00:00:14:02 1492
	add_tagged_route vlan10 198.51.100.130 198.51.100.129 10
	add_tagged_route qinq 198.51.100.194 198.51.100.193 20
	start trunk-client in_client python3 "$here/trunk.py" up0 "${tags[@]}"
	start trunk-router in_router python3 "$here/trunk.py" down0 "${tags[@]}"
}

add_tagged_route() { # device client-address router-address number
	ip -n "$ns_client" addr add "$2/26" dev "$1"
	ip -n "$ns_router" addr add "$3/26" dev "$1"
	ip -n "$ns_client" addr add "2001:db8:$4::2/64" dev "$1" nodad
	ip -n "$ns_router" addr add "2001:db8:$4::1/64" dev "$1" nodad
	ip -n "$ns_client" route add "198.51.100.$4/32" via "$3" dev "$1" src "$2"
	ip -n "$ns_client" route add "2001:db8:2::$4/128" via "2001:db8:$4::1" dev "$1" \
		src "2001:db8:$4::2"
}

remove_namespaces() {
	local ns

	for ns in "$ns_client" "$ns_router" "$ns_server"; do
		[[ ! -e /run/netns/$ns ]] || ip netns del "$ns"
	done
}
