#!/usr/bin/env bash
# The gateway on this machine, without Azure: installs, builds, starts on conf/demo, places a real call, stays up.
#   scripts/demo.sh [--once] [--number N]
#   --once: exit after the call, 0 only if it was answered and the echo came back.   --number: what to dial (9196).
set -euo pipefail
cd "$(dirname "$0")/.."

once=
number=9196
while [ $# -gt 0 ]; do
  case "$1" in
    --once) once=1 ;;
    --number) number=${2:?--number needs a number}; shift ;;
    --number=*) number=${1#*=} ;;
    *) printf 'usage: %s [--once] [--number N]\n' "$0" >&2; exit 2 ;;
  esac
  shift
done

say() { printf 'demo: %s\n' "$*"; }
gateway=build/release/acs-gateway
log=conf/demo/gateway.log
pid=

stop() {
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  pid=
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/setup.sh demo
say "building (the first time takes some minutes)"
mkdir -p build
cmake --preset release >build/release.configure.log || { cat build/release.configure.log; exit 1; }
cmake --build build/release --parallel "$(nproc)" --target acs-gateway

web=1
scripts/build_web.sh || { web=; say "the softphone page could not be built (see above); calls between SIP phones work without it"; }

# Somebody else on our ports: better said now, by name, than found in a log.
busy() {
  local hex
  hex=$(printf ':%04X' "$2")
  awk -v port="$hex" -v tcp="$1" '
    FNR > 1 && $2 ~ port "$" && (tcp == "udp" || $4 == "0A") { found = 1 } END { exit !found }' \
    "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null
}
taken=()
for port in udp/5060 tcp/5060 tcp/5061 tcp/8443 tcp/8080 tcp/9080; do
  if busy "${port%/*}" "${port#*/}"; then taken+=("$port"); fi
done
if [ ${#taken[@]} -gt 0 ]; then
  say "busy: ${taken[*]}. Another gateway, or another SIP or web server, has them: end it (ss -lntup tells who), or"
  say "start the gateway by hand on other ports, e.g. $gateway run -c conf/demo --set 'sip.listen=[\"udp:127.0.0.1:0\"]'"
  exit 1
fi

say "starting $gateway on conf/demo (log: $log)"
: >"$log"
"$gateway" run -c conf/demo >"$log" 2>&1 &
pid=$!
for _ in $(seq 200); do
  if grep -q '^\(.* \)\?ready sip=' "$log"; then break; fi
  kill -0 "$pid" 2>/dev/null || { cat "$log"; say "the gateway did not start"; exit 1; }
  sleep 0.1
done
grep '^\(.* \)\?ready sip=' "$log" || { cat "$log"; say "the gateway is not ready after 20 s"; exit 1; }

result=0
node scripts/demo_call.mjs "$number" || result=1
kill -0 "$pid" 2>/dev/null || { tail -n 50 "$log"; say "the gateway ended"; exit 1; }
if [ -n "$once" ]; then exit "$result"; fi

cat <<TEXT

Now yours:
  softphone    http://127.0.0.1:8080/?user=alice   (bob in another window; no password on the demo)
               https://127.0.0.1:8443/             (the same over TLS, with a certificate made here)
  SIP phones   101, password demo-101, and 102, password demo-102, at 127.0.0.1:5060 (UDP, TCP) or :5061 (TLS)
  dial         9196 echo - 101, 102 phones - 201 alice, 202 bob - any +number: the trunk, 127.0.0.1:5070
  watch        http://127.0.0.1:9080/   $gateway calls -c conf/demo   tail -f $log
Ctrl-C ends it.
TEXT
[ -n "$web" ] || say "the softphone page is missing: $PWD/acs/web could not be built"
wait "$pid" || result=$?
pid=
exit "$result"
