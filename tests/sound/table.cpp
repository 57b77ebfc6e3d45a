#include "tests/sound/table.h"

#include <algorithm>
#include <cstdio>

namespace gw::sound {
namespace {

void add(Score& sum, const Score& one, double weight) {
  sum.segmental_snr_db += one.segmental_snr_db * weight;
  sum.spectral_distance_db += one.spectral_distance_db * weight;
  sum.level_db += one.level_db * weight;
  sum.offset += one.offset * weight;
}

template <class... Args>
std::string text(const char* format, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, args...);
  return buffer;
}

}  // namespace

Row measure(const std::vector<Speech>& speech, const Network& network, Way way, Hop hop,
            uint32_t seeds) {
  Row row{network, way, hop, {}, {}};
  const double weight = 1 / static_cast<double>(speech.size() * seeds);
  for (size_t v = 0; v < speech.size(); ++v) {
    const std::vector<int16_t>& said = speech[v].pcm;
    for (uint32_t n = 0; n < seeds; ++n) {
      const uint32_t seed = 1000 * static_cast<uint32_t>(v + 1) + n;
      const Heard heard = call(way, said, network, hop, seed);
      add(row.with, compare(said, heard.pcm), weight);
      add(row.without, compare(said, call(way, said, network, hop, seed, false).pcm), weight);
      const Duration sent = Duration(1s) * static_cast<int64_t>(said.size()) / kRate;
      row.whole = row.whole && heard.duration == sent;
      row.most_together = std::max(row.most_together, heard.most_together);
      row.longest_way_ms =
          std::max(row.longest_way_ms, static_cast<double>(heard.longest_way.count()) / 1e6);
    }
  }
  return row;
}

std::string heading(Hop hop) {
  const char* const off = hop == Hop::ToGateway ? "silence instead" : "without redundancy";
  return text(
      "| network | segmental SNR (dB) | %s | spectral distance (dB) | %s | level (dB) | longest "
      "way "
      "(ms) |\n|---|---|---|---|---|---|---|\n",
      off, off);
}

std::string line(const Row& row) {
  return text("| %s | %.2f | %.2f | %.2f | %.2f | %+.2f | %.0f |\n", row.network.name.c_str(),
              row.with.segmental_snr_db, row.without.segmental_snr_db,
              row.with.spectral_distance_db, row.without.spectral_distance_db, row.with.level_db,
              row.longest_way_ms);
}

}  // namespace gw::sound
