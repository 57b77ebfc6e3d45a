#include "tests/sound/score.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

namespace gw::sound {
namespace {

constexpr size_t kFrame = kRate / 50;  // 20 ms
constexpr size_t kTransform = 256;
constexpr double kSpokenBelowLoudest = 35;  // dB
// The usual bounds of a frame's SNR (Hansen and Pellom): below it is lost, above it is transparent.
constexpr double kWorst = -10, kBest = 35;
// What is this far below the speech is masked, however different it is.
constexpr double kMasked = 45;  // dB

double energy(std::span<const int16_t> pcm) {
  double sum = 0;
  for (const int16_t s : pcm) sum += static_cast<double>(s) * s;
  return sum;
}

// In place, radix 2.
void transform(std::array<std::complex<double>, kTransform>& x) {
  for (size_t i = 1, j = 0; i < kTransform; ++i) {
    size_t bit = kTransform >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t size = 2; size <= kTransform; size <<= 1) {
    const auto turn = std::polar(1.0, -2 * std::numbers::pi / static_cast<double>(size));
    for (size_t at = 0; at < kTransform; at += size) {
      std::complex<double> w = 1;
      for (size_t k = 0; k < size / 2; ++k, w *= turn) {
        const auto even = x[at + k], odd = x[at + k + size / 2] * w;
        x[at + k] = even + odd;
        x[at + k + size / 2] = even - odd;
      }
    }
  }
}

// The ear's bands below 4 kHz (Zwicker's, in hertz).
constexpr std::array<double, 18> kBands{100,  200,  300,  400,  510,  630,  770,  920,  1080,
                                        1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700, 3900};
using Spectrum = std::array<double, kBands.size() - 1>;

// Decibels a band, from the 32 ms that begin at `from`.
Spectrum spectrum(std::span<const int16_t> pcm, size_t from) {
  std::array<std::complex<double>, kTransform> x{};
  for (size_t i = 0; i < kTransform; ++i) {
    const double window =
        0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kTransform);
    x[i] = window * (from + i < pcm.size() ? pcm[from + i] : 0);
  }
  transform(x);
  Spectrum result{};
  for (size_t band = 0; band + 1 < kBands.size(); ++band) {
    double sum = 1e-3;
    for (size_t k = 1; k < kTransform / 2; ++k) {
      const double hertz = static_cast<double>(k) * kRate / kTransform;
      if (hertz >= kBands[band] && hertz < kBands[band + 1]) sum += std::norm(x[k]);
    }
    result[band] = 10 * std::log10(sum);
  }
  return result;
}

// The shift at which the two resemble each other most.
int find_lag(std::span<const int16_t> said, std::span<const int16_t> heard, int most) {
  const std::vector<bool> voice = spoken(said);
  double best = -1;
  int lag = 0;
  for (int shift = 0; shift <= most; ++shift) {
    double product = 0;
    for (size_t f = 0; f < voice.size(); ++f) {
      if (!voice[f]) continue;
      for (size_t i = f * kFrame; i < (f + 1) * kFrame; i += 2) {
        const size_t at = i + static_cast<size_t>(shift);
        if (at < heard.size()) product += static_cast<double>(said[i]) * heard[at];
      }
    }
    if (product > best) {
      best = product;
      lag = shift;
    }
  }
  return lag;
}

}  // namespace

std::vector<bool> spoken(std::span<const int16_t> pcm) {
  std::vector<double> energies(pcm.size() / kFrame);
  for (size_t f = 0; f < energies.size(); ++f) {
    energies[f] = energy(pcm.subspan(f * kFrame, kFrame));
  }
  const double loudest = energies.empty() ? 0 : *std::ranges::max_element(energies);
  const double floor = std::max(1.0, loudest * std::pow(10, -kSpokenBelowLoudest / 10));
  std::vector<bool> result(energies.size());
  for (size_t f = 0; f < energies.size(); ++f) result[f] = energies[f] >= floor;
  return result;
}

Score compare(std::span<const int16_t> said, std::span<const int16_t> heard, int most_lag) {
  Score score;
  score.lag = find_lag(said, heard, most_lag);
  for (const int16_t s : heard) score.offset += s;
  if (!heard.empty()) score.offset /= static_cast<double>(heard.size());
  std::vector<int16_t> aligned(said.size());  // What never came is silence.
  const auto lag = static_cast<size_t>(score.lag);
  for (size_t i = 0; i < aligned.size() && i + lag < heard.size(); ++i) aligned[i] = heard[i + lag];

  const std::vector<bool> voice = spoken(said);
  double snr = 0, distance = 0, said_energy = 1e-9, heard_energy = 1e-9;
  size_t frames = 0;
  for (size_t f = 0; f < voice.size(); ++f) {
    if (!voice[f]) continue;
    const auto is = said.subspan(f * kFrame, kFrame);
    const auto got = std::span<const int16_t>(aligned).subspan(f * kFrame, kFrame);
    double noise = 1e-9;
    for (size_t i = 0; i < kFrame; ++i) noise += std::pow(static_cast<double>(is[i]) - got[i], 2);
    snr += std::clamp(10 * std::log10(energy(is) / noise), kWorst, kBest);
    said_energy += energy(is);
    heard_energy += energy(got);

    const Spectrum a = spectrum(said, f * kFrame), b = spectrum(aligned, f * kFrame);
    const double masked = *std::ranges::max_element(a) - kMasked;
    double sum = 0;
    for (size_t band = 0; band < a.size(); ++band) {
      sum += std::pow(std::max(a[band], masked) - std::max(b[band], masked), 2);
    }
    distance += std::sqrt(sum / static_cast<double>(a.size()));
    ++frames;
  }
  if (frames == 0) return score;
  score.segmental_snr_db = snr / static_cast<double>(frames);
  score.spectral_distance_db = distance / static_cast<double>(frames);
  score.level_db = 10 * std::log10(heard_energy / said_energy);
  return score;
}

}  // namespace gw::sound
