#!/bin/sh
# Puts in place what the tests need and a machine with only Rust lacks: the real programs they talk
# to, a C compiler for the TLS library, rustfmt and clippy.
#
#   tests/peers.sh           install what is missing, where that is allowed
#   tests/peers.sh missing   print the name of each thing that is not here
#
# No service is started, and nothing is asked of the network when nothing is missing. What cannot
# be installed is named: with CI=true that is a failure, elsewhere the tests concerned are skipped.
set -eu

# Each line: a program, then the Debian packages that bring it.
wanted='make make
cc gcc libc6-dev
curl curl
prometheus prometheus
promtool prometheus
prometheus-alertmanager prometheus-alertmanager
amtool prometheus-alertmanager
prometheus-node-exporter prometheus-node-exporter
nginx nginx-light
prometheus-blackbox-exporter prometheus-blackbox-exporter
ip iproute2
nft nftables
mtr mtr-tiny
unbound unbound'

# nginx lives where only root looks.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

has() { command -v "$1" >/dev/null 2>&1; }
has_component() { cargo "$1" --version >/dev/null 2>&1; }

missing_programs() {
    echo "$wanted" | while read -r program _; do has "$program" || echo "$program"; done
}

missing_components() {
    for component in fmt clippy; do has_component "$component" || echo "cargo-$component"; done
}

missing_packages() {
    echo "$wanted" | while read -r program packages; do has "$program" || echo "$packages"; done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    has apt-get || { echo "peers: no apt-get here, so nothing is installed" >&2; return 1; }
    [ "$(id -u)" = 0 ] && return 0
    has sudo && sudo -n true 2>/dev/null && return 0
    echo "peers: neither root nor sudo without a password, so nothing is installed" >&2
    return 1
}

# Debian starts a service when its package is installed, unless this program says 101.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return 0
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

# A machine that starts again must not find itself a web server.
disable_services() {
    has systemctl || return 0
    for package in "$@"; do
        unit="${package%-light}.service"
        [ ! -e "/lib/systemd/system/$unit" ] || as_root systemctl disable --quiet "$unit" || true
    done
}

install_programs() {
    packages=$(missing_packages | tr ' ' '\n' | sort -u | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    may_install || return 0
    echo "peers: installing $packages" >&2
    forbid_services
    # shellcheck disable=SC2086 # the packages are words
    if told=$(apt_get update && apt_get install --no-install-recommends $packages); then
        disable_services $packages
    else
        echo "$told" >&2
        echo "peers: apt-get failed" >&2
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 "$@" 2>&1
}

install_components() {
    components=$(missing_components | sed 's/cargo-fmt/rustfmt/; s/cargo-//')
    [ -n "$components" ] && has rustup || return 0
    # shellcheck disable=SC2086 # the components are words
    rustup component add $components >&2 || echo "peers: rustup failed" >&2
}

case "${1-install}" in
missing)
    missing_programs
    missing_components
    ;;
install)
    install_programs
    install_components
    missing=$(missing_programs; missing_components)
    [ -z "$missing" ] && exit 0
    echo "peers: not here:" $missing >&2
    [ "${CI-}" = true ] && { echo "peers: CI=true, so this is a failure" >&2; exit 1; }
    exit 0
    ;;
*)
    echo "usage: tests/peers.sh [missing]" >&2
    exit 2
    ;;
esac
