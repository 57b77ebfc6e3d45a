#!/usr/bin/env bash
# Installs what is missing to build, demonstrate and test acs-gateway on Debian 12, and nothing else.
#   scripts/setup.sh [WHAT]   build: compiler and libraries; demo: and a SIP client; web: the npm packages of acs/web;
#                             test (default): all of these, the test tools and their npm packages;
#                             bench: what bench/compare_rtpengine.sh compares with.
# Safe to run at any time; quick when nothing is missing. docs/dependencies.md says why each package is here.
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  g++ cmake ninja-build pkg-config
  libsofia-sip-ua-dev libsrtp2-dev libopus-dev libspandsp-dev libssl-dev libc-ares-dev libjemalloc-dev
  libprotobuf-dev protobuf-compiler libboost-dev libtomlplusplus-dev libspdlog-dev libexpected-dev libcli11-dev
  libsqlite3-dev libphonenumber-dev libabsl-dev tzdata nlohmann-json3-dev prometheus-cpp-dev
  libgtest-dev libgmock-dev
)
demo_packages=(baresip-core)
test_packages=(ccache sip-tester linphone-cli coturn chromium espeak-ng clang-14 libclang-rt-14-dev llvm-14 clang-format-14)

bench_packages=(rtpengine-daemon)

say() { printf '%s\n' "setup: $*"; }
fail() { printf '%s\n' "setup: $*" >&2; exit 1; }

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Node 18 (Debian's) or newer, wherever it comes from; its npm with it.
has_node() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]
}

install_packages() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  has_node || missing+=(nodejs npm)
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null || fail "needs Debian's apt-get; missing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run as root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Packages whose service must not start: the programs alone are wanted.
install_unstarted() {
  local policy=/usr/sbin/policy-rc.d mine=
  if [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    mine=1
  fi
  install_packages "$@"
  [ -z "$mine" ] || rm -f "$policy"
  local package
  for package in "$@"; do
    if command -v systemctl >/dev/null; then systemctl disable "$package" >/dev/null 2>&1 || true; fi
  done
}

# npm packages of one folder, exactly as its lock file says; again only when the lock file changed.
install_npm() {
  local folder=$1 stamp=$1/node_modules/.installed-lock
  [ -f "$folder/package-lock.json" ] || return 0
  if ! cmp -s "$folder/package-lock.json" "$stamp"; then
    say "npm packages of $folder"
    (cd "$folder" && npm ci --no-fund --no-audit --loglevel=error)
    cp "$folder/package-lock.json" "$stamp"
  fi
}

what=${1:-test}
case "$what" in
  build) install_packages "${build_packages[@]}" ;;
  demo) install_packages "${build_packages[@]}" "${demo_packages[@]}" ;;
  web) install_npm acs/web ;;
  test)
    install_packages "${build_packages[@]}" "${demo_packages[@]}" "${test_packages[@]}"
    install_npm acs/web
    install_npm tests/e2e
    install_npm tests/e2e/azure-sdk
    ;;
  bench)
    install_packages "${build_packages[@]}"
    install_unstarted "${bench_packages[@]}"
    ;;
  *) printf 'usage: %s [build|demo|web|test|bench]\n' "$0" >&2; exit 2 ;;
esac
say "nothing is missing ($what)"
