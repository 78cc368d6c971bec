# SPDX-License-Identifier: BSD-3-Clause
# Debian packages, binary and source, from the mirrors that this machine already uses.
# Sourced, never run.
#
# All work is done on a temporary copy of the machine's package sources with the source entries
# added, and on temporary package lists: the machine's own are left as they were.
# shellcheck shell=bash disable=SC2034

is_debian_12()
{
	local id version
	id=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID-}") || true
	version=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_ID-}") || true
	[[ $id == debian && $version == 12 ]] && command -v apt-get dpkg-query >/dev/null
}

# Prints the packages of the sections named, as they stand in config/packages.
wanted_packages()
{
	awk -v sections=" $* " '
		{ sub(/#.*/, "") }
		/^\[.*\]/ { wanted = index(sections, " " substr($1, 2, length($1) - 2) " "); next }
		NF && wanted { print $1 }' "$TOP/config/packages"
}

# Prints those of the packages named that are not installed. A version from backports carries
# "~bpo" in its number: the stable one does not do in its place.
missing_packages()
{
	local installed package
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' \
		"${@%%/*}" 2>/dev/null | sed -n 's/^installed //p') || true
	for package; do
		case $package in
		*-backports) grep -q "^${package%%/*} .*~bpo" <<<"$installed" || echo "$package" ;;
		*) grep -q "^$package " <<<"$installed" || echo "$package" ;;
		esac
	done
}

# Without a terminal sudo must not ask for a password; with one it may, once.
can_be_root()
{
	((EUID == 0)) && return 0
	command -v sudo >/dev/null || return 1
	sudo -n true 2>/dev/null || { [[ -t 0 && -t 2 ]] && sudo -v; }
}

as_root()
{
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

# One-line style: "deb [options] uri suite components".
derive_list()
{
	awk -v codename=bookworm '
		{ sub(/^[ \t]+/, ""); sub(/[ \t]*#.*/, "") }
		!/^deb(-src)?[ \t]/ || /[ \t]cdrom:/ { next }
		{ print }
		/^deb[ \t]/ {
			rest = $0
			sub(/^deb/, "", rest)
			print "deb-src" rest
			head = match(rest, /^[ \t]+\[[^]]*\]/) ? substr(rest, 1, RLENGTH) : ""
			rest = substr(rest, length(head) + 1)
			n = split(rest, word, /[ \t]+/)   # word[1] is empty, then uri, suite, components
			if (word[3] == codename && rest ~ /[ \t]main([ \t]|$)/) {
				printf "deb%s %s %s-backports", head, word[2], codename
				for (i = 4; i <= n; i++)
					printf " %s", word[i]
				print ""
			}
		}' "$@"
}

# deb822 style: paragraphs of "Field: value" with continuation lines.
derive_sources()
{
	awk -v codename=bookworm '
		function has(f, word) {
			return (" " value[f] " ") ~ ("[ \t\n]" word "[ \t\n]")
		}
		function flush(    i, f, text, binary, backports) {
			if (n && tolower(value["enabled"]) !~ /^ *(no|false|off|0|without|disable) *$/ &&
			    value["uris"] !~ /cdrom:/) {
				binary = has("types", "deb")
				backports = binary && has("suites", codename) && has("components", "main")
				for (i = 1; i <= n; i++) {
					f = field[i]
					text = f == "types" && binary ? "deb deb-src" : value[f]
					print name[i] ": " text
				}
				print ""
				for (i = 1; backports && i <= n; i++) {
					f = field[i]
					text = value[f]
					if (f == "types")
						text = "deb"
					if (f == "suites")
						text = codename "-backports"
					print name[i] ": " text
				}
				print ""
			}
			n = 0
			split("", value)
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[ \t]/ { if (n) value[field[n]] = value[field[n]] "\n" $0; next }
		{
			colon = index($0, ":")
			name[++n] = substr($0, 1, colon - 1)
			field[n] = tolower(name[n])
			text = substr($0, colon + 1)
			sub(/^[ \t]+/, "", text)
			value[field[n]] = text
		}
		END { flush() }' "$1"
}

# Sets apt_dir to a fresh copy of the package sources and apt_options to what makes apt use it.
# It is a folder that apt's own unprivileged user may enter, which the tree need not be.
apt_open()
{
	local list parts file config
	[[ -z $apt_dir ]] || return 0
	config=$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d) || return
	eval "$config"
	rm -f "$DEPS"/log/apt-*
	apt_dir=$(mktemp -d) || return
	chmod 755 "$apt_dir"
	mkdir -p "$apt_dir/sources.d" "$apt_dir/lists/partial"
	for file in "${list-}" "${parts%/}"/*.list; do
		[[ ! -r $file ]] || derive_list "$file"
	done | awk '!seen[$0]++' >"$apt_dir/sources.list"
	for file in "${parts%/}"/*.sources; do
		[[ ! -r $file ]] || derive_sources "$file" >"$apt_dir/sources.d/${file##*/}"
	done
	apt_options=(-q
		-o "Dir::Etc::sourcelist=$apt_dir/sources.list"
		-o "Dir::Etc::sourceparts=$apt_dir/sources.d"
		-o "Dir::State::lists=$apt_dir/lists"
		-o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
		-o "DPkg::Lock::Timeout=60" -o "Dpkg::Use-Pty=0" -o "Acquire::Retries=3")
	apt_update
}

# A mirror that fails need not be one that we need: the next step finds out and explains.
apt_update()
{
	local explain=true
	local -a run=(env)
	! can_be_root || run=(as_root env)
	step "reading package lists" "$DEPS/log/apt-update" \
		"${run[@]}" LC_ALL=C apt-get "${apt_options[@]}" update || true
}

apt_close()
{
	[[ -n $apt_dir ]] || return 0
	rm -rf "$apt_dir" 2>/dev/null || as_root rm -rf "$apt_dir"
	apt_dir=
}

apt_dir=
apt_options=()

# One line on what to do about the failures that are not ours; status 1 for any other. The logs are
# searched for apt's untranslated words.
explain_apt()
{
	local log
	log=$(cat "$DEPS"/log/apt-* 2>/dev/null) || true
	case $log in
	*"Could not get lock"* | *"Unable to acquire the dpkg frontend lock"*)
		say "apt is in use by another process ($(lock_holder)); wait for it to end, then run this again" ;;
	*"dpkg was interrupted"*)
		say "an earlier dpkg run was interrupted; run 'dpkg --configure -a' as root, then run this again" ;;
	*"No space left"* | *"enough free space"*)
		say "the disk is full; make room, then run this again" ;;
	*"Could not resolve"* | *"Could not connect"* | *"Unable to connect"* | *"onnection timed out"* | *"Failed to fetch"*)
		say "a package mirror of this machine cannot be reached; check the network and /etc/apt, then run this again" ;;
	*"Unable to locate package"* | *"has no installation candidate"* | *"' was not found"*)
		say "this machine's package sources do not carry ${missing[*]-}; check /etc/apt for a Debian 12 mirror" ;;
	*) return 1 ;;
	esac
}

# apt names the holder of the lock while it waits for it.
lock_holder()
{
	local holder
	holder=$(sed -n 's/.*held by \(process [0-9]* ([^)]*)\).*/\1/p' "$DEPS"/log/apt-* | tail -n 1)
	echo "${holder:-one that cannot be seen from here}"
}

# install_packages SECTION...: installs what is missing; costs one dpkg query when nothing is.
install_packages()
{
	local wanted missing stable backports
	mapfile -t wanted < <(wanted_packages "$@")
	mapfile -t missing < <(missing_packages "${wanted[@]}")
	((${#missing[@]} > 0)) || return 0
	can_be_root ||
		die "installing packages needs root or sudo, and neither is there; as root: apt-get install ${missing[*]}"
	say "installing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
	apt_open || die "this machine's apt configuration cannot be read"
	mapfile -t stable < <(printf '%s\n' "${missing[@]}" | grep -v '/' || true)
	mapfile -t backports < <(printf '%s\n' "${missing[@]}" | sed -n 's,/.*-backports$,,p')
	((${#stable[@]} == 0)) || apt_install "${stable[@]}"
	# Backports need each other: -t takes what they depend on from there too.
	((${#backports[@]} == 0)) || apt_install -t bookworm-backports "${backports[@]}"
	# What build/ was configured without may be there now.
	rm -f "$TOP/build/.dpdk"
}

apt_install()
{
	local explain=explain_apt
	step "installing packages" "$DEPS/log/apt-install" \
		as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		apt-get "${apt_options[@]}" install -y --no-install-recommends "$@" || exit
}

# fetch_source PACKAGE SERIES FOLDER: unpacks the newest source version of the series into FOLDER/.
fetch_source()
{
	local package=$1 series=$2 folder=$3 version explain=explain_apt
	apt_open || return
	version=$(apt-cache "${apt_options[@]}" showsrc --only-source "$package" 2>/dev/null |
		sed -n "s/^Version: \($series\..*\)/\1/p" | sort -V | tail -n 1)
	if [[ -z $version ]]; then
		explain_apt || say "no package source of this machine carries the source of $package $series; check /etc/apt for a Debian 12 mirror"
		return 1
	fi
	rm -rf "$folder.part"
	mkdir -p "$folder.part"
	step "fetching the source of $package $version" "$DEPS/log/apt-source" \
		unpack_source "$package=$version" "$folder.part" || return
	rm -rf "$folder"
	mv "$folder.part" "$folder"
}

unpack_source()
{
	(cd "$2" && LC_ALL=C apt-get "${apt_options[@]}" source --only-source "$1")
}
