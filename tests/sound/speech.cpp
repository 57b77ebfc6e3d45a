#include "tests/sound/speech.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>

#include "tests/sound/score.h"

namespace gw::sound {
namespace {

struct Voice {
  const char* name;
  int pitch;
  const char* text;
};
constexpr std::array<Voice, 6> kVoices{{
    {"en-us", 45,
     "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
     "It is easy to tell the depth of a well."},
    {"en-us+f3", 60,
     "These days a chicken leg is a rare dish. Rice is often served in round bowls. "
     "The juice of lemons makes fine punch."},
    {"de", 40,
     "Heute ist schönes Frühlingswetter. Die Sonne lacht. Am blauen Himmel ziehen die Wolken."},
    {"fr+f2", 65,
     "Il se garantira du froid avec ce bon capuchon. Annie s'ennuie loin de mes parents. "
     "Les deux camions se sont heurtés de face."},
    {"en-gb+m4", 50,
     "The box was thrown beside the parked truck. The hogs were fed chopped corn and garbage. "
     "Four hours of steady work faced us."},
    {"de+f4", 70,
     "Riecht ihr nicht die frische Luft? Die Nacht haben Maiers gut geschlafen. Jetzt sitzen sie "
     "beim Frühstück."},
}};

uint32_t little(const std::vector<char>& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size && at + i < bytes.size(); ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// To kRate, through a windowed sinc that ends at 3.7 kHz: speech, as a telephone takes it in.
std::vector<int16_t> resample(const std::vector<int16_t>& in, double rate) {
  constexpr double kCutoff = 3700;
  const double reach = 24 * rate / kRate;
  std::vector<int16_t> out(static_cast<size_t>(static_cast<double>(in.size()) * kRate / rate));
  for (size_t n = 0; n < out.size(); ++n) {
    const double centre = static_cast<double>(n) * rate / kRate;
    double sum = 0;
    const auto from = static_cast<size_t>(std::max(0.0, std::ceil(centre - reach)));
    const auto to = std::min(in.size(), static_cast<size_t>(centre + reach));
    for (size_t i = from; i < to; ++i) {
      const double t = static_cast<double>(i) - centre;
      const double x = 2 * std::numbers::pi * kCutoff * t / rate;
      const double sinc = std::abs(x) < 1e-9 ? 1 : std::sin(x) / x;
      const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * t / reach);
      sum += in[i] * sinc * window * 2 * kCutoff / rate;
    }
    out[n] = static_cast<int16_t>(std::lrint(std::clamp(sum, -32768.0, 32767.0)));
  }
  return out;
}

void level(std::vector<int16_t>& pcm) {
  int loudest = 1;
  for (const int16_t s : pcm) loudest = std::max(loudest, std::abs(static_cast<int>(s)));
  for (int16_t& s : pcm) s = static_cast<int16_t>(s * 16384 / loudest);
}

}  // namespace

std::vector<int16_t> read_wav(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < 44 || std::memcmp(bytes.data(), "RIFF", 4) != 0) return {};
  uint32_t rate = 0;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    // espeak-ng writes to a pipe or a file alike and may leave a size that is too large.
    const size_t size = std::min<size_t>(little(bytes, at + 4, 4), bytes.size() - at - 8);
    if (std::memcmp(bytes.data() + at, "fmt ", 4) == 0) {
      if (little(bytes, at + 10, 2) != 1 || little(bytes, at + 22, 2) != 16) return {};
      rate = little(bytes, at + 12, 4);
    }
    if (std::memcmp(bytes.data() + at, "data", 4) == 0 && rate != 0) {
      std::vector<int16_t> pcm(size / 2);
      for (size_t i = 0; i < pcm.size(); ++i) {
        pcm[i] = static_cast<int16_t>(little(bytes, at + 8 + 2 * i, 2));
      }
      return resample(pcm, rate);
    }
    at += 8 + size + size % 2;
  }
  return {};
}

std::vector<Speech> speak(const std::string& folder, size_t voices) {
  std::filesystem::create_directories(folder);
  std::vector<Speech> result;
  for (size_t i = 0; i < std::min(voices, kVoices.size()); ++i) {
    const Voice& voice = kVoices[i];
    const std::string path = folder + "/" + std::to_string(i) + ".wav";
    const std::string text = folder + "/" + std::to_string(i) + ".txt";
    std::ofstream(text) << voice.text;
    const std::string command = "espeak-ng -v " + std::string(voice.name) + " -s 150 -p " +
                                std::to_string(voice.pitch) + " -w '" + path + "' -f '" + text +
                                "'";
    if (std::system(command.c_str()) != 0) return {};
    Speech speech{voice.name, read_wav(path)};
    if (speech.pcm.empty()) return {};
    level(speech.pcm);
    speech.pcm.resize((speech.pcm.size() / 480 + 1) * 480);
    result.push_back(std::move(speech));
  }
  return result;
}

}  // namespace gw::sound
