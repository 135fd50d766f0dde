# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034
# What the scripts in the root need from Debian 12 or 13. Read with '.' in the root, not run.

packages_build="gcc libc6-dev meson ninja-build pkg-config libuv1-dev libssl-dev libjansson-dev libncurses-dev libseccomp-dev"
# Where OpenSSL has no use yet for vector AES; Debian has it for this architecture only.
[ "$(dpkg --print-architecture)" != amd64 ] || ! grep -q '^VERSION_ID="12"' /etc/os-release || packages_build+=" libipsec-mb-dev"
packages_demo="openssh-client openssh-server iproute2 python3"
packages_test="$packages_demo clang dropbear-bin iputils-ping mandoc netbase python3-asyncssh python3-pytest ssh-audit systemd tmux"
packages_fuzz="clang libclang-rt-dev python3"
packages_coverage="gcovr python3"

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
			echo "Install them as root and start again: tools/install-packages ${missing[*]}" >&2
			exit 1
		}
		as_root=(sudo)
	fi
	echo "Installing: ${missing[*]}"
	"${as_root[@]}" tools/install-packages "${missing[@]}"
}
