# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What the scripts in the root need from Debian 12 or 13. Read with '.', not run.

packages_build="gcc libc6-dev meson ninja-build pkg-config libuv1-dev libssl-dev libjansson-dev"
packages_demo="openssh-client openssh-server iproute2 python3"
packages_test="$packages_demo clang libclang-rt-dev dropbear-bin mandoc python3-pytest"

# Installs those of the named packages that are missing, saying so.
packages_install() {
	local missing=() p
	for p in $1; do
		dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return 0
	local as_root=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "These Debian packages are missing: ${missing[*]}" >&2
			echo "Install them as root and start again: apt-get install ${missing[*]}" >&2
			exit 1
		}
		as_root=(sudo)
	fi
	echo "Installing: ${missing[*]}"
	"${as_root[@]}" apt-get update -q >/dev/null
	# A freshly installed sshd or dropbear must not start on the host's own ports.
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends \
		"${missing[@]}" >/dev/null
}
