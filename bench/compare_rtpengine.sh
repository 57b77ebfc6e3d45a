#!/usr/bin/env bash
# What a call costs Debian's rtpengine and what it costs the gateway, in turns within one run: 20 calls a side, the same
# narrowband stream between a phone with PCMU and a user with Opus in SRTP (AEAD_AES_128_GCM), one worker on core 0, the
# generator on core 1. rtpengine runs in userspace on loopback as a process of the benchmark's, never as a service.
#   bench/compare_rtpengine.sh [--rounds N] [--seconds S] [--calls N]
# The last line is JSON: ratio_cpu_per_call = rtpengine's CPU per call / the gateway's, bigger is better.
# scripts/setup.sh bench installs rtpengine-daemon.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=3 seconds=8 calls=20
while [ $# -gt 0 ]; do
  case "$1" in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --calls) calls=$2 ;;
    *) printf 'usage: %s [--rounds N] [--seconds S] [--calls N]\n' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

bench=build/release/bench
for program in bench_relay bench_rtpengine; do
  [ -x "$bench/$program" ] || { echo "$bench/$program is missing: cmake --preset release && cmake --build build/release" >&2; exit 1; }
done
command -v rtpengine >/dev/null || { echo "rtpengine is missing: scripts/setup.sh bench" >&2; exit 1; }

results=$(mktemp)
trap 'rm -f "$results"' EXIT
measure() {
  local name=$1; shift
  printf '%s: ' "$name" >&2
  local line
  line=$("$@" 2>/dev/null | tail -n 1)
  node -e 'const r = JSON.parse(process.argv[1]); console.error(`${r.cpu_us_per_call_20ms} us a call and 20 ms, delivered ${r.delivered}`)' "$line"
  printf '{"name":"%s","result":%s}\n' "$name" "$line" >>"$results"
}

for ((round = 1; round <= rounds; round++)); do
  measure rtpengine "$bench/bench_rtpengine" --calls "$calls" --seconds "$seconds"
  measure gateway_complexity_5 "$bench/bench_relay" --calls "$calls" --seconds "$seconds" --complexity 5
  measure gateway_complexity_0 "$bench/bench_relay" --calls "$calls" --seconds "$seconds" --complexity 0
  measure rtpengine_pcmu "$bench/bench_rtpengine" --calls "$calls" --seconds "$seconds" --user pcmu
  measure gateway_pcmu "$bench/bench_relay" --calls "$calls" --seconds "$seconds" --user pcmu
done

node -e '
const lines = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const side = (name) => {
  const results = lines.filter((line) => line.name === name).map((line) => line.result);
  return {
    cpu_us_per_call_20ms: median(results.map((r) => r.cpu_us_per_call_20ms)),
    delivered: Math.min(...results.map((r) => r.delivered)),
  };
};
const sides = Object.fromEntries([...new Set(lines.map((line) => line.name))].map((name) => [name, side(name)]));
const ratio = (theirs, ours) => Math.round(100 * sides[theirs].cpu_us_per_call_20ms / sides[ours].cpu_us_per_call_20ms) / 100;
console.log(JSON.stringify({
  ratio_cpu_per_call: { complexity_5: ratio("rtpengine", "gateway_complexity_5"), complexity_0: ratio("rtpengine", "gateway_complexity_0"), pcmu: ratio("rtpengine_pcmu", "gateway_pcmu") },
  calls: Number(process.argv[2]), rounds: Number(process.argv[3]), ...sides,
}));
' "$results" "$calls" "$rounds"
