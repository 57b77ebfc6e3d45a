#include <cstdlib>
#include <cstring>

#include "media/wire/stun.h"

using namespace gw::media::wire;

namespace {

uint32_t crc(std::span<const uint8_t> bytes) {
  uint32_t c = 0xffffffff;
  for (const uint8_t b : bytes) {
    c ^= b;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320u : 0u);
  }
  return ~c ^ 0x5354554e;
}

void look(std::span<const uint8_t> datagram) {
  const auto message = StunMessage::parse(std::as_bytes(datagram));
  if (!message) return;
  if (message->authentic("VOkJxbRl1RmTxUk/WvJxBt") && !message->has_integrity()) std::abort();
  std::array<std::byte, kMaxStunMessage> out;
  write_stun_error(out, message->transaction, message->unknown_required ? 420 : 400);
  if (!message->xor_mapped) return;
  const size_t size = write_stun_success(out, message->transaction, *message->xor_mapped, "secret");
  const auto again = StunMessage::parse(std::span(out).first(size));
  if (!again || !again->authentic("secret") || again->xor_mapped != message->xor_mapped)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  look({data, size});
  // Once more with a header, a length and a fingerprint that are right: a fuzzer does not guess
  // those.
  if (size < 20 || size > kMaxStunMessage - 8) return 0;
  std::array<uint8_t, kMaxStunMessage> whole;
  const size_t body = (size - 20) & ~size_t{3};
  std::memcpy(whole.data(), data, 20 + body);
  const uint8_t head[8] = {static_cast<uint8_t>(data[0] & 1),
                           static_cast<uint8_t>(data[1] & 0x11),
                           static_cast<uint8_t>((body + 8) >> 8),
                           static_cast<uint8_t>(body + 8),
                           0x21,
                           0x12,
                           0xa4,
                           0x42};
  std::memcpy(whole.data(), head, sizeof head);
  uint8_t* at = &whole[20 + body];
  const uint32_t print = crc({whole.data(), 20 + body});
  const uint8_t tail[8] = {0x80,
                           0x28,
                           0,
                           4,
                           static_cast<uint8_t>(print >> 24),
                           static_cast<uint8_t>(print >> 16),
                           static_cast<uint8_t>(print >> 8),
                           static_cast<uint8_t>(print)};
  std::memcpy(at, tail, sizeof tail);
  look({whole.data(), 28 + body});
  return 0;
}
