#include "media/wire/wav.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "media/codec/g711.h"

namespace gw::media::wire {
namespace {

constexpr uint16_t kPcm = 1, kALaw = 6, kMuLaw = 7, kExtensible = 0xfffe;
constexpr uint32_t kSlowest = 8000, kFastest = 48000;

uint32_t little(std::span<const std::byte> bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= std::to_integer<uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

bool is(std::span<const std::byte> bytes, size_t at, std::string_view name) {
  return std::ranges::equal(bytes.subspan(at, 4), name,
                            [](std::byte b, char c) { return std::to_integer<char>(b) == c; });
}

struct Format {
  uint16_t kind = 0;
  unsigned channels = 0, bits = 0;
  uint32_t rate = 0;

  size_t sample_bytes() const { return bits / 8; }
  size_t frame_bytes() const { return channels * sample_bytes(); }
};

std::optional<Format> read_format(std::span<const std::byte> chunk) {
  if (chunk.size() < 16) return std::nullopt;
  Format format;
  format.kind = static_cast<uint16_t>(little(chunk, 0, 2));
  format.channels = little(chunk, 2, 2);
  format.rate = little(chunk, 4, 4);
  format.bits = little(chunk, 14, 2);
  // WAVE_FORMAT_EXTENSIBLE: the kind is the first two bytes of the sub-format's GUID.
  if (format.kind == kExtensible && chunk.size() >= 26) {
    format.kind = static_cast<uint16_t>(little(chunk, 24, 2));
  }
  return format;
}

Result<void> check_format(const Format& format) {
  const bool pcm =
      format.kind == kPcm && (format.bits == 8 || format.bits == 16 || format.bits == 24);
  const bool law = (format.kind == kALaw || format.kind == kMuLaw) && format.bits == 8;
  if (!pcm && !law) {
    return fail(ErrorCode::InvalidArgument,
                "the WAV file is neither PCM (8, 16, 24 bit) nor G.711");
  }
  if (format.channels < 1 || format.channels > 2) {
    return fail(ErrorCode::InvalidArgument, "the WAV file has neither one channel nor two");
  }
  if (format.rate < kSlowest || format.rate > kFastest) {
    return fail(ErrorCode::InvalidArgument, "the WAV file has no rate of 8 to 48 kHz");
  }
  return {};
}

int sample_at(std::span<const std::byte> data, size_t at, const Format& format) {
  if (format.kind != kPcm) {
    return g711_decode(format.kind == kALaw ? Law::A : Law::Mu, std::to_integer<uint8_t>(data[at]));
  }
  if (format.bits == 8) return (std::to_integer<int>(data[at]) - 128) * 256;  // Unsigned.
  const size_t top = at + format.sample_bytes() - 2;  // Of 24 bits the upper 16.
  return static_cast<int16_t>(little(data, top, 2));
}

std::vector<int16_t> to_mono(std::span<const std::byte> data, const Format& format, size_t frames) {
  std::vector<int16_t> out(frames);
  for (size_t i = 0; i < frames; ++i) {
    const size_t at = i * format.frame_bytes();
    int sum = sample_at(data, at, format);
    if (format.channels == 2) sum = (sum + sample_at(data, at + format.sample_bytes(), format)) / 2;
    out[i] = static_cast<int16_t>(sum);
  }
  return out;
}

}  // namespace

Result<Wav> parse_wav(std::span<const std::byte> file, size_t most) {
  if (file.size() < 12 || !is(file, 0, "RIFF") || !is(file, 8, "WAVE")) {
    return fail(ErrorCode::InvalidArgument, "this is no WAV file");
  }
  std::optional<Format> format;
  for (size_t at = 12; at + 8 <= file.size();) {
    const size_t size = std::min<size_t>(little(file, at + 4, 4), file.size() - at - 8);
    const std::span<const std::byte> chunk = file.subspan(at + 8, size);
    if (is(file, at, "fmt ")) format = read_format(chunk);
    if (is(file, at, "data") && format) {
      if (const auto good = check_format(*format); !good) return tl::unexpected(good.error());
      const size_t frames = chunk.size() / format->frame_bytes();
      if (frames == 0) return fail(ErrorCode::InvalidArgument, "the WAV file holds no sound");
      if (frames > most) return fail(ErrorCode::InvalidArgument, "the WAV file is too long");
      return Wav{format->rate, to_mono(chunk, *format, frames)};
    }
    at += 8 + size + size % 2;  // Chunks begin at even places.
  }
  return fail(ErrorCode::InvalidArgument, "the WAV file has no format or no sound");
}

}  // namespace gw::media::wire
