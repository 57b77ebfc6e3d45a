#!/usr/bin/env bash
# Installs, builds and runs every test through one ctest, whose summary is the last line.
#   scripts/test.sh [--nightly] [ctest arguments...]
#   --nightly: also the long runs (label nightly) and ThreadSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."

nightly=
if [ "${1:-}" = --nightly ]; then nightly=1; shift; fi
jobs=${JOBS:-$(nproc)}
started=$SECONDS
say() { printf '== %4ds  %s\n' $((SECONDS - started)) "$*"; }

# One build tree: `build PRESET TARGET...`.
build() {
  local preset=$1; shift
  say "building $preset"
  cmake --preset "$preset" >"build/$preset.configure.log" || { cat "build/$preset.configure.log"; exit 1; }
  cmake --build "build/$preset" --parallel "$jobs" --target "$@"
}

# `gtest PRESET LABELS PROGRAM...`: test programs of a sanitizer's build tree, as one test each.
gtest() {
  local preset=$1 labels=$2 program slots; shift 2
  for program in "$@"; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    case ${program##*/} in unit_media | sound_tests) slots=2 ;; *) slots=1 ;; esac  # These compute.
    printf 'add_test([=[%s.%s]=] "%s" "--gtest_brief=1")\n' "$preset" "${program##*/}" "$PWD/$program"
    printf 'set_tests_properties([=[%s.%s]=] PROPERTIES LABELS "%s" TIMEOUT 1200 COST 200 PROCESSORS %s ENVIRONMENT "%s")\n' \
      "$preset" "${program##*/}" "$labels" "$slots" "ASAN_OPTIONS=detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=halt_on_error=1"
  done
}

scripts/setup.sh test
mkdir -p build
scripts/build_web.sh

build release all
build asan all
build fuzz fuzzers
if [ -n "$nightly" ]; then
  build tsan all
  build debug all  # One file at a time: each includes what it uses.
fi

# One tree of tests over the build trees, so that one summary tells about all of them.
mkdir -p build/all
{
  printf 'subdirs("%s")\n' "$PWD/build/release"
  gtest asan "unit;asan" build/asan/tests/unit_*
  printf 'subdirs("%s")\n' "$PWD/build/asan/tests/e2e" "$PWD/build/fuzz/tests/fuzz"
  if [ -n "$nightly" ]; then
    gtest asan nightly build/asan/tests/sound/sound_tests
    gtest tsan nightly build/tsan/tests/unit_* build/tsan/tests/sound/sound_tests
    printf 'subdirs("%s")\n' "$PWD/build/tsan/tests/e2e"
  fi
} >build/all/CTestTestfile.cmake

say "testing"
filter=(-LE nightly)
if [ -n "$nightly" ]; then filter=(); fi
# They wait more than they compute: twice as many as there are cores. What computes counts as two (PROCESSORS).
exec ctest --test-dir build/all --output-on-failure --parallel "$((2 * jobs))" --no-tests=error "${filter[@]}" "$@"
