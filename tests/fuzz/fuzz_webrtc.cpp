// A browser's transport against whoever sends to its port: datagrams of every kind, from addresses
// that proved themselves by an ICE check and from others.
#include <cstdlib>
#include <memory>
#include <set>

#include "media/transport/webrtc_transport.h"
#include "media/wire/demux.h"
#include "media/wire/stun.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

using namespace gw;
using namespace gw::media;

namespace {

class Pipe final : public DatagramSink {
 public:
  void send(std::span<const std::byte> datagram, const SocketAddress& to) override {
    if (datagram.empty() || to.empty()) std::abort();
  }
};

class Directory final : public WebRtcDirectory {
 public:
  void add_address(const SocketAddress& from, WebRtcTransport&) override {
    addresses.insert(from.port());
    if (addresses.size() > WebRtcTransport::kMaxAddresses) std::abort();
  }
  void remove_address(const SocketAddress& from, WebRtcTransport&) override {
    addresses.erase(from.port());
  }
  void add_ufrag(const std::string&, WebRtcTransport&) override {}
  void remove_ufrag(const std::string&) override {}
  void add_ssrc(uint32_t, WebRtcTransport&) override {}
  void remove_ssrc(uint32_t, WebRtcTransport&) override {}
  std::set<uint16_t> addresses;
};

// Nobody here has keys: nothing of what comes may be taken for media.
class Observer final : public TransportObserver {
 public:
  void on_rtp(PacketPtr&, TimePoint) override { std::abort(); }
  void on_rtcp(std::span<const std::byte>, TimePoint) override { std::abort(); }
  void on_alive(TimePoint) override {}
  void on_connected(std::string_view, TimePoint) override { std::abort(); }
  void on_failed(std::string_view why, TimePoint) override {
    if (why.empty()) std::abort();
  }
  void on_lost(TimePoint) override {}
};

const DtlsContext& context() {
  static const auto made = std::move(*DtlsContext::create());
  return *made;
}

}  // namespace

// Steps: an address, what it sends, its size; then its bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  test::ManualClock clock;
  PacketPool pool(8);
  MediaCounters counters;
  Directory directory;
  Observer observer;
  Pipe pipe;
  test::FixedRandom random;
  const wire::IceCredentials ice{"abcd", "0123456789012345678901"};
  WebRtcTransport transport({context(), directory, counters, observer, random}, ice, clock.now());
  const auto setup = input.byte() % 2 == 0 ? wire::DtlsSetup::Passive : wire::DtlsSetup::Active;
  transport.set_remote({{context().fingerprint()}, setup}, clock.now());
  while (!input.empty()) {
    const uint8_t port = input.byte(), what = input.byte();
    PacketPtr packet = pool.take();
    if (!packet) std::abort();
    packet->from = *SocketAddress::parse("192.0.2.1", static_cast<uint16_t>(5000 + port % 16));
    if (what % 4 == 0) {
      wire::StunRequest request;
      request.username = "abcd:x";
      request.password = ice.pwd;
      request.use_candidate = (what & 4) != 0;
      request.controlling = 1;
      packet->resize(wire::write_stun_request(packet->room(), request));
    } else {
      const auto bytes = input.bytes(size_t{input.byte()} * (what % 4));
      std::copy(bytes.begin(), bytes.end(), packet->room().begin());
      packet->resize(bytes.size());
    }
    if (wire::kind_of(packet->data()) == wire::PacketKind::Dtls) {
      transport.receive_dtls(packet, pipe, clock.now());
    } else {
      transport.receive(packet, pipe, clock.now());
    }
    if (what % 16 == 15) {
      clock.advance(std::chrono::milliseconds(100 * port));
      transport.on_timer(clock.now());
    }
  }
  return 0;
}
