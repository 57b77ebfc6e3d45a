#include <cstdlib>

#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

using namespace gw::media::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto sdp = Sdp::parse({reinterpret_cast<const char*>(data), size});
  if (!sdp) return 0;
  const std::string once = sdp->to_string();
  const auto again = Sdp::parse(once);
  // Writing may pass a limit of reading (a line grows by its rtpmap), but what reads back is the
  // same.
  if (again && again->to_string() != once) std::abort();
  for (const SdpMedia& m : sdp->media) {
    sdp->connection_of(m);
    sdp->direction_of(m);
    for (const SdpFormat& f : m.payloads) fmtp_value(f.fmtp, "useinbandfec");
    for (const SdpCrypto& c : m.cryptos) {
      const auto crypto = usable(c);
      if (crypto && crypto->master.size != master_size(crypto->suite)) std::abort();
    }
  }
  return 0;
}
