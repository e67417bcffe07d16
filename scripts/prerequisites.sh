# Sourced by ./squilla and ./test: installs what is missing, Debian packages by name.

build_packages="libsimdjson-dev libzstd-dev liblz4-dev libpcre2-dev libmaxminddb-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libstdc++-12-dev libc6-dev pkg-config git tzdata"

say() { printf '%s\n' "$*" >&2; }

# Echoes those of its arguments that are not installed.
missing_packages() {
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

# install_packages optional|required NAME...
install_packages() {
    need=$1
    shift
    missing=$(missing_packages "$@")
    [ -z "$missing" ] && return 0
    if ! command -v apt-get >/dev/null; then
        say "squilla: these Debian packages are needed and this is no Debian: $missing"
        [ "$need" = optional ] && return 0
        exit 1
    fi
    sudo=
    if [ "$(id -u)" != 0 ]; then
        sudo=$(command -v sudo) || {
            say "squilla: run as root, once: apt-get install $missing"
            [ "$need" = optional ] && return 0
            exit 1
        }
    fi
    say "squilla: installing $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
        { $sudo apt-get update -q &&
            $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; }; } \
        </dev/null >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        say "squilla: could not install $missing"
        [ "$need" = optional ] && return 0
        exit 1
    fi
    rm -f "$log"
}

require_swift() {
    if ! command -v swift >/dev/null; then
        say "squilla: Swift 6.3 is needed and no 'swift' is in the PATH; see https://www.swift.org/install/linux"
        exit 1
    fi
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # shellcheck disable=SC2086
    set -- ${version:-0 0}
    if [ "$1" -lt 6 ] || { [ "$1" -eq 6 ] && [ "$2" -lt 3 ]; }; then
        say "squilla: Swift 6.3 or newer is needed, found $1.$2"
        exit 1
    fi
}

# build_quietly LOG COMMAND...: shows SwiftPM's progress on one line where there is a terminal, else nothing;
# on failure the compiler's errors.
build_quietly() {
    log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if [ -t 2 ]; then
        "$@" 2>&1 </dev/null | tee "$log" | awk '/^\[[0-9]+\/[0-9]+\]/ { printf "\r\033[K%.100s", $0; fflush() } END { printf "\r\033[K" }' >&2
        # The status of the build, not of awk.
        grep -q -E '^(Build complete|Build of (product|target))' "$log"
    else
        "$@" >"$log" 2>&1 </dev/null
    fi || {
        grep -E 'error:|fatal' "$log" | head -n 30 >&2 || tail -n 30 "$log" >&2
        say "squilla: the build failed; all of its output is in $log"
        exit 1
    }
}
