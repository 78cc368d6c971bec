# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the captures hold: the servers, the clients, and one function a capture. Sourced by
# record.sh, which has start, await, die and $work; the namespaces are network.sh's.
# shellcheck disable=SC2154

server4=198.51.100.2
server6=2001:db8:2::2
names=(www.example mail.example alias.example host1.example host2.example absent.example)

# ------------------------------------------------------------------ servers

make_server_files() {
	mkdir -p "$work/www"
	seq -f 'line %03g of a small page' 1 20 >"$work/www/small.txt"
	seq -f 'line %03g of a page of the usual size' 1 150 >"$work/www/page.txt"
	seq -f 'line %04g of a larger download' 1 1300 >"$work/www/large.txt"
	cp "$work/www/large.txt" "$work/www/slow.txt"
	write_dns_records >"$work/dnsmasq.conf"
	write_http_config >"$work/nginx.conf"
}

write_dns_records() {
	cat <<-END
		no-resolv
		no-hosts
		keep-in-foreground
		user=root
		group=root
		pid-file
		local=/example/
		local=/2.0.192.in-addr.arpa/
		edns-packet-max=4096
		host-record=www.example,$server4,$server6
		host-record=mail.example,198.51.100.3,2001:db8:2::3
		host-record=host1.example,198.51.100.4
		host-record=host2.example,2001:db8:2::5
		cname=alias.example,www.example
		mx-host=example,mail.example,10
		srv-host=_http._tcp.example,www.example,80
		txt-record=example,"v=spf1 mx -all"
		ptr-record=10.2.0.192.in-addr.arpa,client.example
	END
	# An answer of about 3000 bytes: too large for one datagram.
	printf 'txt-record=large.example,"text %s of a record that has many of them"\n' {11..60}
}

write_http_config() {
	cat <<-END
		daemon off;
		master_process off;
		pid $work/nginx.pid;
		error_log stderr;
		events { worker_connections 256; }
		http {
			access_log off;
			server_tokens off;
			default_type text/plain;
			gzip on;
			gzip_types text/plain;
			client_body_temp_path $work/nginx-body;
			proxy_temp_path $work/nginx-proxy;
			fastcgi_temp_path $work/nginx-fastcgi;
			uwsgi_temp_path $work/nginx-uwsgi;
			scgi_temp_path $work/nginx-scgi;
			server {
				listen 80;
				listen [::]:80;
				root $work/www;
				location = /slow.txt {
					limit_rate 20k;
				}
			}
		}
	END
}

start_servers() {
	start dnsmasq in_server dnsmasq -C "$work/dnsmasq.conf"
	start nginx in_server nginx -p "$work" -c "$work/nginx.conf" -e stderr
	start iperf3-tcp in_server iperf3 -s -p 5201
	start iperf3-udp in_server iperf3 -s -p 5202
	start sctp in_server /usr/lib/usrsctp/tsctp -L "$server4" -p 5001
	await 5 "the servers" servers_listen
}

servers_listen() {
	local port

	for port in 53 80 5201 5202; do
		in_server ss -Hltn "sport = :$port" | grep -q . || return 1
	done
}

# ------------------------------------------------------------------ clients

# A name that is not there, an address that does not answer: some captures want that.
may_fail() { "$@" || true; }

echo_request() { in_client ping -q -n -i 0.05 -W 1 "$@" >/dev/null; }
query() { in_client dig +tries=1 +time=2 "$@" >/dev/null; }
download() {
	in_client curl -sS --max-time 5 -A curl \
		--resolve "www.example:80:$server4,[$server6]" "$@" >/dev/null
}

# iperf3's server takes one client at a time, and is not ready at once for the next.
bulk() {
	local tries=5

	until in_client timeout 10 iperf3 --connect-timeout 2000 --repeating-payload "$@" \
		>"$work/bulk.log" 2>&1; do
		((tries-- > 0)) || die "iperf3 $*: $(cat "$work/bulk.log")"
		sleep 0.1
	done
}

sctp_messages() { # number length
	in_client /usr/lib/usrsctp/tsctp -L 192.0.2.10 -p 5001 -n "$1" -l "$2" "$server4" \
		>/dev/null 2>&1
}

look_up_all() { # client-address server-address option...
	local name queries=()

	for name in "${names[@]}"; do
		queries+=("$name" A "$name" AAAA)
	done
	query -b "$1" "@$2" "${@:3}" "${queries[@]}"
}

# All functions named on the lines of stdin at once, as many clients do.
at_once() {
	local line pid pids=()

	while read -r line; do
		# shellcheck disable=SC2086
		$line </dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || die "a client failed"
	done
}

# ------------------------------------------------------------------ mixed.pcap

# Busy and quiet phases in turn, and two with a few packets now and then: about ten seconds.
mixed_traffic() {
	mixed_lookups
	sleep 0.8
	mixed_pages
	sleep 1.2
	mixed_trickle
	sleep 0.6
	mixed_bulk	# ends with a second of tsctp's taking leave, without a packet
	sleep 0.4
	mixed_tagged
	sleep 1
	mixed_everything
	sleep 0.6
	mixed_trickle
}

mixed_lookups() {
	at_once <<-END
		echo_request -c 3 $server4
		echo_request -c 3 $server6
		look_up_all 192.0.2.11 $server4
		look_up_all 192.0.2.12 $server4
		look_up_all 2001:db8:1::13 $server6
		look_up_all 192.0.2.14 $server4 +tcp
	END
}

mixed_pages() {
	local i

	for i in {10..21}; do
		echo "download --interface 192.0.2.$i http://$server4/small.txt"
		echo "download --interface 2001:db8:1::$i http://[$server6]/page.txt"
	done | at_once
}

mixed_trickle() {
	at_once <<-END
		echo_request -c 14 -i 0.11 $server4
		echo_request -c 9 -i 0.17 -s 700 $server6
	END
}

mixed_bulk() {
	at_once <<-END
		bulk -c $server4 -p 5201 -n 90K -l 4K -b 4M
		bulk -c $server6 -p 5202 -u -n 40K -l 64 -b 1M
		sctp_messages 30 700
	END
}

mixed_tagged() {
	at_once <<-END
		echo_request -c 5 198.51.100.10
		echo_request -c 5 2001:db8:2::20
		echo_request -c 3 -s 4000 $server4
		echo_request -c 2 -s 4000 $server6
		download http://198.51.100.20/page.txt
		download http://[2001:db8:2::10]/page.txt
		look_up_all 198.51.100.130 198.51.100.10
	END
}

mixed_everything() {
	at_once <<-END
		bulk -c $server6 -p 5201 -R -n 60K -l 4K -b 4M
		bulk -c $server4 -p 5202 -u -n 60K -l 64 -b 2M
		look_up_all 192.0.2.22 $server4
		look_up_all 2001:db8:1::23 $server6 +tcp
		download --interface 192.0.2.24 http://$server4/large.txt
		download --interface 2001:db8:1::25 http://[$server6]/small.txt
		download http://198.51.100.10/page.txt
		echo_request -c 20 -i 0.02 -s 1400 $server4
		may_fail query @198.51.100.1 www.example
	END
}

# ------------------------------------------------------------------ the small captures

dns_traffic() {
	look_up_all 192.0.2.10 "$server4"
	look_up_all 2001:db8:1::10 "$server6"
	query "@$server4" example MX example TXT _http._tcp.example SRV -x 192.0.2.10
	query "@$server4" +tcp www.example A
	query "@$server6" +tcp mail.example AAAA
	query "@$server4" +bufsize=512 large.example TXT
	query "@$server4" +noedns nowhere.example A
	may_fail query @198.51.100.1 www.example A
}

http_traffic() {
	download -4 http://www.example/small.txt http://www.example/page.txt \
		http://www.example/small.txt
	download -6 http://www.example/page.txt
	download -4 -I http://www.example/page.txt
	download -4 -r 100-299 http://www.example/page.txt
	download -4 --compressed http://www.example/large.txt
	download -4 -d name=value http://www.example/small.txt
	download -4 http://www.example/absent.txt
	download -6 http://www.example/large.txt
	download -4 http://www.example/slow.txt
	may_fail download http://198.51.100.2:81/ 2>/dev/null
}

bulk_tcp_traffic() {
	bulk -4 -c "$server4" -p 5201 -n 60K -l 4K -b 2M
	bulk -6 -c "$server6" -p 5201 -R -n 40K -l 4K -b 8M
	bulk -4 -c "$server4" -p 5201 -P 4 -n 32K -l 1K -b 1M
}

# The server's link has the smaller MTU: the router says so.
icmp_traffic() {
	may_fail in_client arping -q -U -c 1 -I up0 192.0.2.10
	echo_request -c 3 "$server4"
	echo_request -c 3 -s 0 "$server4"
	echo_request -c 3 -s 1372 "$server4"
	may_fail echo_request -c 2 -M "do" -s 1472 "$server4"
	may_fail echo_request -c 2 -t 1 "$server4"
	echo_request -c 2 -R "$server4"
	echo_request -c 2 -T tsandaddr "$server4"
	echo_request -c 2 -Q 0xb8 "$server4"
	may_fail query "@$server4" -p 9999 +time=1 www.example
	in_router ip route add unreachable 203.0.113.0/24
	may_fail echo_request -c 2 203.0.113.1
	may_fail echo_request -c 1 192.0.2.99
	in_client tracepath -4 -n "$server4" >/dev/null
}

ipv6_traffic() {
	in_client sysctl -qw net.ipv6.conf.up0.dad_transmits=1
	ip -n "$ns_client" addr add 2001:db8:1::99/64 dev up0
	sleep 1.2	# duplicate address detection
	echo_request -6 -c 3 fe80::ff:fe00:102%up0
	echo_request -6 -c 3 "$server6"
	echo_request -6 -c 2 -F 0x12345 -s 1000 "$server6"
	may_fail echo_request -6 -c 2 -t 1 "$server6"
	echo_request -6 -c 2 ff02::1%up0
	in_client tracepath -6 -n "$server6" >/dev/null
	echo_request -6 -c 2 -s 3000 "$server6"
	may_fail query "@$server6" -p 9999 +time=1 www.example
	look_up_all 2001:db8:1::10 "$server6"
	download -6 http://www.example/page.txt
	bulk -c "$server6" -p 5202 -u -n 20K -l 200 -b 2M
}

vlan_traffic() {
	local number address

	for number in 10 20; do
		for address in "198.51.100.$number" "2001:db8:2::$number"; do
			echo_request -c 3 "$address"
			echo_request -c 2 -s 1400 "$address"
			query "@$address" www.example A www.example AAAA
			download "http://${address/2001*/[$address]}/page.txt"
		done
	done
	echo_request -c 2 "$server4"	# untagged, between tagged ones
	bulk -c 198.51.100.10 -p 5201 -n 20K -l 4K -b 4M
	bulk -c 2001:db8:2::20 -p 5201 -n 20K -l 4K -b 4M
}

fragments_traffic() {
	local address size

	for address in "$server4" "$server6"; do
		for size in 1473 2000 4000 8000 12000; do
			echo_request -c 1 -s "$size" "$address"
		done
		query "@$address" +bufsize=4096 +ignore large.example TXT
	done
	bulk -4 -c "$server4" -p 5202 -u -n 32K -l 4000 -b 2M
}

jumbo_traffic() {
	echo_request -c 1 -M "do" -s 8972 "$server4"
	echo_request -c 1 -M "do" -s 8952 "$server6"
	echo_request -c 1 -s 12000 "$server4"
	download -4 http://www.example/large.txt
	bulk -4 -c "$server4" -p 5201 -n 32K -l 4K -b 4M
	bulk -6 -c "$server6" -p 5202 -u -n 16K -l 8000 -b 4M
}
