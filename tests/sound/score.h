#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gw::sound {

constexpr int kRate = 8000;

// How far what was heard is from what was said, by full reference: both are known. Three figures,
// because each is blind to something: the segmental SNR punishes a made-up period whose phase is
// off as hard as silence, the spectral distance hears neither phase nor a shift in time.
struct Score {
  double segmental_snr_db = 0;  // Mean over the frames in which somebody speaks; more is better.
  double spectral_distance_db = 0;  // Root mean square over the ear's bands; less is better.
  double level_db = 0;              // Heard against said, where somebody speaks.
  double offset = 0;                // Mean of what was heard, in units of a sample: DC.
  int lag = 0;  // Samples by which the heard is behind; taken out before scoring.
};

// `heard` may begin up to `most_lag` samples late. Both at kRate.
Score compare(std::span<const int16_t> said, std::span<const int16_t> heard, int most_lag = 800);

// The frames of 20 ms in which somebody speaks: within 35 dB of the loudest.
std::vector<bool> spoken(std::span<const int16_t> pcm);

}  // namespace gw::sound
