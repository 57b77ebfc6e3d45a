#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gw::acs::streaming {

// Samples of 16 bits, little-endian, in base64 (RFC 4648 4): how media streaming writes sound.
void append_pcm(std::string& out, std::span<const int16_t> pcm);

// nullopt: no base64, or half a sample. Padding may be missing, as some writers leave it out.
std::optional<std::vector<int16_t>> decode_pcm(std::string_view text);

}  // namespace gw::acs::streaming
