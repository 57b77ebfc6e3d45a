#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gw::sound {

// A sentence by one voice, at kRate, its loudest sample at half of full scale.
struct Speech {
  std::string voice;
  std::vector<int16_t> pcm;
};

// Men and women, in three languages, spoken by espeak-ng into `folder` (made when it is missing).
// Empty when espeak-ng is not there or says nothing.
std::vector<Speech> speak(const std::string& folder, size_t voices);

// The samples of a 16-bit mono WAV file, resampled to kRate; empty when it is no such file.
std::vector<int16_t> read_wav(const std::string& path);

}  // namespace gw::sound
