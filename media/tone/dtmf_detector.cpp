#include "media/tone/dtmf_detector.h"

#include <spandsp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "media/codec/codec.h"

// SpanDSP's Goertzel filters listen, the rules of Q.24 are ours. Why not its dtmf_rx, which has
// rules too: it wants 82 % of all energy within its bins, of which a tone that is 1.5 % off its
// frequency (ITU-T Q.24 has it accepted) loses a third at 1633 Hz: it takes no such D, two of three
// such #; and it takes 697 Hz tones 3.5 % off, which Q.24 has refused. Its dtmf_rx_parms has no
// word for either. Here the phase between two blocks says what a tone's frequency is, and what the
// bin does not see of it is put back.

namespace gw::media {
namespace {

constexpr size_t kBlock = 102;  // 12.75 ms: the four tones of a group lie a bin apart.
constexpr std::array<double, 8> kHertz{697, 770, 852, 941, 1209, 1336, 1477, 1633};
constexpr size_t kRows = 4;
constexpr char kPad[] = "123A456B789C*0#D";

constexpr double kFrequencyTolerance = 0.0235;  // Q.24: 1.5 % is accepted, 3.5 % refused.
constexpr double kLowLouder = 7.94;             // 9 dB; Q.24: up to 8 are accepted,
constexpr double kHighLouder = 3.16;            // 5 dB; and up to 4 here.
constexpr double kPeak = 6.3;                   // 8 dB over the other tones of the group.
// What is off the two tones is speech; and of a tone of 20 ms, which Q.24 has refused, two blocks
// see 78 %.
constexpr double kOfAllEnergy = 0.85;
constexpr double kOfAllEnergyUncorrected = 0.4;  // Before their frequencies are known.
constexpr double kSteady = 0.5;                  // Two blocks full of one tone are within 3 dB.
// -43 dBm0 a tone, as the sum of squares of a block's samples.
const double kLeast = 0.5 * std::pow(32767 * std::pow(10, (-43 - 3.14) / 20), 2) * kBlock;

struct Tables {
  Tables() {
    for (size_t k = 0; k < kHertz.size(); ++k) {
      const double angle = 2 * std::numbers::pi * kHertz[k] / kNarrowband;
      make_goertzel_descriptor(&tones[k], static_cast<float>(kHertz[k]), kBlock);
      step[k] = std::polar(1.0, -angle);
      begin[k] = std::polar(1.0, -angle * (kBlock - 1));
    }
    constexpr auto size = static_cast<double>(kBlock);
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t column = 0; column < 4; ++column) {
        const double apart =
            2 * std::numbers::pi * (kHertz[kRows + column] - kHertz[row]) / kNarrowband;
        leak[row][column] = std::polar(std::sin(apart * size / 2) / std::sin(apart / 2) / size,
                                       apart * (size - 1) / 2);
      }
    }
  }
  // What a filter holds after a block is the tone as it stands at the end; SpanDSP reads its power
  // from there, we need its phase, counted from the beginning of the block.
  std::complex<double> bin(size_t k, const goertzel_state_t& filter) const {
    return begin[k] * (static_cast<double>(filter.v3) - step[k] * static_cast<double>(filter.v2));
  }
  std::array<goertzel_descriptor_t, 8> tones;
  std::array<std::complex<double>, 8> step, begin;
  // What a column's tone leaves in a row's bin, of 1; conjugated, a row's tone in a column's bin. A
  // block is short and its window has no slopes: a tenth.
  std::array<std::array<std::complex<double>, 4>, 4> leak;
};
Tables kTables;  // Not const: goertzel_init() takes its descriptor as it does.

// What a block says: its loudest tone of each group.
struct Heard {
  bool pair = false;  // Both stand out: it may be a key.
  size_t row = 0, column = 0;
  std::complex<double> low, high;
  double energy = 0;
  char digit() const { return kPad[row * 4 + column]; }
};

// The energy of a tone whose bin has `bin`; `off` bins beside its middle.
double energy_of(std::complex<double> bin, double off) {
  const double angle = std::numbers::pi * off;
  const double seen = std::abs(angle) < 1e-6 ? 1 : std::sin(angle) / angle;
  return 2 * std::norm(bin) / (kBlock * seen * seen);
}

// How far a tone is off the middle of its bin, in bins, by its phase in two blocks in a row.
double offset(std::complex<double> first, std::complex<double> second, double hertz) {
  const double expected = 2 * std::numbers::pi * hertz * kBlock / kNarrowband;
  const double turned = std::arg(second * std::conj(first) * std::polar(1.0, -expected));
  return turned / (2 * std::numbers::pi);
}

bool near(double off, double hertz) {
  return std::abs(off) * kNarrowband / kBlock <= kFrequencyTolerance * hertz;
}

// Two blocks in a row are full of one key.
bool is_key(const Heard& first, const Heard& second) {
  if (!first.pair || !second.pair || first.digit() != second.digit()) return false;
  const double row = kHertz[second.row], column = kHertz[kRows + second.column];
  const double off_low = offset(first.low, second.low, row);
  const double off_high = offset(first.high, second.high, column);
  if (!near(off_low, row) || !near(off_high, column)) return false;
  const double low = energy_of(second.low, off_low), high = energy_of(second.high, off_high);
  const double low_before = energy_of(first.low, off_low);
  const double high_before = energy_of(first.high, off_high);
  if (std::min(low, low_before) < kSteady * std::max(low, low_before)) return false;
  if (std::min(high, high_before) < kSteady * std::max(high, high_before)) return false;
  if (low > kLowLouder * high || high > kHighLouder * low) return false;
  return low + high >= kOfAllEnergy * second.energy &&
         low_before + high_before >= kOfAllEnergy * first.energy;
}

using Bins = std::array<std::complex<double>, 4>;  // Of one group.

size_t loudest(const Bins& bins) {
  const auto power = [](const std::complex<double>& bin) { return std::norm(bin); };
  return static_cast<size_t>(std::ranges::max_element(bins, {}, power) - bins.begin());
}

bool stands_out(const Bins& bins, size_t best) {
  for (size_t i = 0; i < bins.size(); ++i) {
    if (i != best && std::norm(bins[i]) * kPeak > std::norm(bins[best])) return false;
  }
  return true;
}

}  // namespace

struct DtmfDetector::State {
  State() {
    for (size_t k = 0; k < filters.size(); ++k) goertzel_init(&filters[k], &kTables.tones[k]);
  }

  void end_block() {
    Heard now;
    Bins rows, columns;
    for (size_t k = 0; k < 4; ++k) rows[k] = kTables.bin(k, filters[k]);
    for (size_t k = 0; k < 4; ++k) columns[k] = kTables.bin(kRows + k, filters[kRows + k]);
    now.row = loudest(rows);
    now.column = loudest(columns);
    // Each tone without what the other, up to 8 dB louder, leaves in its bin; then all bins.
    const std::complex<double> leak = kTables.leak[now.row][now.column];
    const std::complex<double> low = rows[now.row], high = columns[now.column];
    now.low = (low - leak * high) / (1 - std::norm(leak));
    now.high = (high - std::conj(leak) * low) / (1 - std::norm(leak));
    for (size_t k = 0; k < 4; ++k) {
      rows[k] -= kTables.leak[k][now.column] * now.high;
      columns[k] -= std::conj(kTables.leak[now.row][k]) * now.low;
    }
    now.energy = energy;
    // Off its middle a bin sees half of a tone at least.
    const double low_energy = energy_of(now.low, 0), high_energy = energy_of(now.high, 0);
    now.pair = std::min(low_energy, high_energy) > kLeast / 2 && stands_out(rows, now.row) &&
               stands_out(columns, now.column) &&
               low_energy + high_energy > kOfAllEnergyUncorrected * energy;
    decide(now);
    before = now;
    begin_block();
  }

  // A key begins with two blocks full of it. It ends with two in a row that are not: one alone is
  // a slip of a clock.
  void decide(const Heard& now) {
    if (is_key(before, now) && now.digit() != digit) {
      finish();
      digit = now.digit();
      began = heard;
      misses = 0;
      return;
    }
    if (digit == 0) return;
    misses = now.pair && now.digit() == digit ? 0 : misses + 1;
    if (misses == 2) finish();
  }

  void begin_block() {
    for (goertzel_state_t& filter : filters) goertzel_reset(&filter);
    energy = 0;
    in_block = 0;
  }

  void finish() {
    if (digit == 0) return;
    if (queued < queue.size()) queue[queued++] = {digit, down_for()};
    digit = 0;
  }

  Duration down_for() const {
    const auto samples = digit == 0 ? 0 : static_cast<int64_t>(heard - began);
    return Duration(samples * (1'000'000'000 / kNarrowband));
  }

  std::array<goertzel_state_t, 8> filters;
  double energy = 0;
  size_t in_block = 0;  // Samples of the block that is under way.
  Heard before;
  unsigned misses = 0;  // Blocks in a row that are not the key.

  uint64_t heard = 0;  // Samples.
  uint64_t began = 0;
  char digit = 0;
  std::array<KeyPress, 8> queue{};
  size_t queued = 0;
};

DtmfDetector::DtmfDetector() : state_(std::make_unique<State>()) {}
DtmfDetector::~DtmfDetector() = default;

void DtmfDetector::push(std::span<const int16_t> pcm) {
  State& s = *state_;
  for (const int16_t sample : pcm) {
    const auto x = static_cast<float>(sample);
    for (goertzel_state_t& filter : s.filters) goertzel_samplex(&filter, x);
    s.energy += static_cast<double>(x) * x;
    ++s.heard;
    if (++s.in_block == kBlock) s.end_block();
  }
}

std::optional<KeyPress> DtmfDetector::take() {
  if (state_->queued == 0) return std::nullopt;
  const KeyPress first = state_->queue[0];
  std::shift_left(state_->queue.begin(),
                  state_->queue.begin() + static_cast<ptrdiff_t>(state_->queued), 1);
  --state_->queued;
  return first;
}

void DtmfDetector::skip(size_t samples) {
  // The block begins anew, and the phase of the one before says nothing any more.
  state_->begin_block();
  state_->before = {};
  state_->heard += samples;
}

void DtmfDetector::end() {
  state_->begin_block();
  state_->before = {};
  state_->finish();
}

char DtmfDetector::digit() const {
  return state_->digit;
}

Duration DtmfDetector::down_for() const {
  return state_->down_for();
}

}  // namespace gw::media
