# Installs the apt packages of packages.txt, the broker's jars, and what drives a browser in tests; sourced by deploy/local, after
# process.sh, which has $CACHE.
# Each part is skipped when there is nothing to do, and are safe to run twice at once.
# shellcheck shell=bash

KAFKA_VERSION=4.1.1
KAFKA_JARS=$CACHE/kafka-$KAFKA_VERSION
PLAYWRIGHT=$CACHE/playwright-$(sed -n 's/^playwright==//p' "$LIB/playwright.txt")
POLICY=/usr/sbin/policy-rc.d

# Prints the lines of packages.txt that are not installed in a matching version.
packages_missing() {
    local -A have=()
    local name version status line wanted
    local -a wanted_lines
    mapfile -t wanted_lines < <(grep -v -e '^#' -e '^$' "$LIB/packages.txt")
    while read -r name version status; do
        [[ $status == installed ]] && have[$name]=$version
    done < <(dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' \
        "${wanted_lines[@]%%=*}" 2>/dev/null)
    for line in "${wanted_lines[@]}"; do
        name=${line%%=*}
        wanted='*'
        [[ $line == *=* ]] && wanted=${line#*=}
        # shellcheck disable=SC2053 # the right side is a pattern on purpose
        [[ ${have[$name]-} && ${have[$name]} == $wanted ]] || echo "$line"
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        fail "needs root: run as root, or by hand: apt-get install $(packages_missing | tr '\n' ' ')"
    fi
}

# While packages are unpacked no service may be started, stopped or restarted: neither theirs nor the machine's.
services_hold() {
    [[ -e $POLICY.flashgate ]] && as_root mv -f "$POLICY.flashgate" "$POLICY"
    if [[ -e $POLICY ]]; then
        local code=0
        "$POLICY" redis-server start >/dev/null 2>&1 || code=$?
        ((code == 101)) && return 0
        as_root mv "$POLICY" "$POLICY.flashgate"
    fi
    trap services_release EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

services_release() {
    as_root rm -f "$POLICY"
    [[ -e $POLICY.flashgate ]] && as_root mv -f "$POLICY.flashgate" "$POLICY"
    trap - EXIT
}

# A server that came with this installation must not start at the next boot either.
services_disable() {
    [[ -d /run/systemd/system ]] || return 0
    local line
    for line in "$@"; do
        case ${line%%=*} in
            redis-server) as_root systemctl disable --quiet redis-server || true ;;
            mariadb-server) as_root systemctl disable --quiet mariadb || true ;;
            nginx-light) as_root systemctl disable --quiet nginx || true ;;
        esac
    done
}

install_packages() {
    local -a missing
    mapfile -t missing < <(packages_missing)
    ((${#missing[@]})) || return 0
    say "installing with apt: ${missing[*]}"
    local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)
    services_hold
    as_root "${apt[@]}" update </dev/null >&2 || say "apt-get update failed; trying with the lists at hand"
    as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2 ||
        fail "apt-get could not install these packages (see above)"
    [[ $(trap -p EXIT) == *services_release* ]] && services_release
    services_disable "${missing[@]}"
}

# The jars appear under their final name only when complete.
install_kafka() {
    [[ -d $KAFKA_JARS ]] && return 0
    command -v mvn >/dev/null || fail "maven is missing (mvn not on PATH)"
    say "fetching Kafka $KAFKA_VERSION with maven"
    local part
    part=$(mktemp -d "$CACHE/kafka.XXXXXX")
    if ! mvn -B -q -C -f "$LIB/kafka-pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$part" </dev/null 2>&1 | sed 's/\x1b\[[0-9;]*m//g' >&2 || [[ ! -f $part/kafka_2.13-$KAFKA_VERSION.jar ]]; then
        rm -rf "$part"
        fail "maven could not fetch Kafka (see above)"
    fi
    chmod 755 "$part"
    mv -T "$part" "$KAFKA_JARS"
}

# As the jars: under its final name only when complete.
install_playwright() {
    [[ -d $PLAYWRIGHT ]] && return 0
    say "fetching ${PLAYWRIGHT##*/} with pip"
    local part
    part=$(mktemp -d "$CACHE/playwright.XXXXXX")
    if ! /usr/bin/python3 -m pip install -q --no-deps --no-compile --root-user-action=ignore --target "$part" \
        -r "$LIB/playwright.txt" </dev/null >&2; then
        rm -rf "$part"
        fail "pip could not fetch it (see above)"
    fi
    chmod 755 "$part"
    mv -T "$part" "$PLAYWRIGHT"
}

local_install() {
    if [[ -d $KAFKA_JARS && -s $KAFKA_ARCHIVE && -d $PLAYWRIGHT && -z $(packages_missing) ]]; then
        say "all installed"
        return 0
    fi
    mkdir -p "$CACHE"
    exec 8>"$CACHE/install.lock"
    flock 8
    install_packages
    install_kafka
    [[ -s $KAFKA_ARCHIVE ]] || kafka_archive
    install_playwright
    exec 8>&-
    say "installed"
}

# For the other commands: says what to do instead of failing somewhere in the middle.
need_installed() {
    local tool
    for tool in redis-server redis-cli mariadbd mariadb mariadb-admin mariadb-install-db java setsid flock; do
        command -v "$tool" >/dev/null || fail "$tool is not installed: run deploy/local install"
    done
    [[ -d $KAFKA_JARS ]] || fail "Kafka's jars are not in the cache: run deploy/local install"
}
