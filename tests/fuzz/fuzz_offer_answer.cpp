#include <cstdlib>

#include "media/wire/offer_answer.h"
#include "tests/fuzz/input.h"

using namespace gw;
using namespace gw::media;
using namespace gw::media::wire;

namespace {

class Zero final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = std::byte{0x42};
  }
};

LocalStream local_from(uint8_t choice) {
  LocalStream local;
  local.kind = (choice & 1) != 0 ? PeerKind::Browser : PeerKind::Phone;
  local.codecs = {Codec::Opus, Codec::Pcmu, Codec::Pcma};
  local.srtp = static_cast<SrtpPolicy>((choice >> 1) % 3);
  local.offer_crypto = (choice & 8) != 0;
  local.rtp = *SocketAddress::parse("192.0.2.1:16384");
  local.ice = {"ufrag", "0123456789012345678901"};
  local.fingerprint = {"sha-256", "AA:BB"};
  local.cname = "gw";
  return local;
}

void check(const StreamParameters& p) {
  if (p.codecs.empty()) std::abort();
  for (const auto& c : p.codecs) {
    if (c.send_payload_type > 127 || c.receive_payload_type > 127) std::abort();
  }
  if (p.ptime < 10ms || p.ptime > 60ms) std::abort();
}

// What we say must be SDP, whatever of the peer's words it echoes.
void check(const std::string& text) {
  if (!Sdp::parse(text)) std::abort();
}

}  // namespace

// The first byte is our side; then steps: a byte that says which, and a text up to a zero byte.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Zero random;
  OfferAnswer leg(local_from(input.byte()), random);
  for (int steps = 0; steps < 12 && !input.empty(); ++steps) {
    const uint8_t step = input.byte();
    const auto direction = static_cast<Direction>((step >> 3) & 3);
    switch (step % 5) {
      case 0: leg.accept_offer(input.text()); break;
      case 1:
        if (const auto text = leg.make_answer(direction)) check(*text);
        break;
      case 2:
        if (const auto text = leg.make_offer(direction)) check(*text);
        break;
      case 3:
        if (const auto result = leg.accept_answer(input.text())) check(*result);
        break;
      default: leg.rollback(); break;
    }
    if (leg.negotiated() != nullptr) check(*leg.negotiated());
  }
  return 0;
}
