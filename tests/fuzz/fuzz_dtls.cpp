// A DTLS association (records, their reassembly, the handshake) against a peer that sends what it
// likes: datagrams of the fuzzer's between those of a real client, which are lost, doubled,
// reordered, cut short or bent.
#include <cstdlib>
#include <deque>
#include <vector>

#include "media/transport/dtls.h"
#include "media/wire/demux.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/manual_clock.h"

using namespace gw;
using namespace gw::media;

namespace {

constexpr size_t kMaxDatagrams = 64;  // In an input: a handshake is a dozen.

using Datagram = std::vector<std::byte>;

class Pipe final : public DatagramSink {
 public:
  void send(std::span<const std::byte> datagram, const SocketAddress&) override {
    if (datagram.empty() || datagram.size() > 1200) std::abort();
    if (wire::kind_of(datagram) != wire::PacketKind::Dtls) std::abort();
    sent.emplace_back(datagram.begin(), datagram.end());
  }
  std::deque<Datagram> sent;
};

const DtlsContext& context(bool ours) {
  static const auto server = std::move(*DtlsContext::create());
  static const auto client = std::move(*DtlsContext::create());
  return ours ? *server : *client;
}

// Two ends, and what is on its way between them.
class Association {
 public:
  Association(DtlsSession::Role role, bool announced)
      : announced_(announced),
        server_(context(true), role, {context(!announced).fingerprint()}, clock_.now()),
        client_(context(false),
                role == DtlsSession::Role::Passive ? DtlsSession::Role::Active
                                                   : DtlsSession::Role::Passive,
                {context(true).fingerprint()}, clock_.now()) {
    server_.set_path(&from_server_, address_);
    client_.set_path(&from_client_, address_);
    server_.connect(clock_.now());
    client_.connect(clock_.now());
  }

  void receive(std::span<const std::byte> datagram) {
    // The worker gives it nothing else.
    if (wire::kind_of(datagram) != wire::PacketKind::Dtls) return;
    const auto before = server_.state();
    server_.receive(datagram, clock_.now());
    look(before);
  }
  void act(uint8_t what, uint8_t where) {
    auto& toward = (what & 1) != 0 ? from_server_.sent : from_client_.sent;
    if (toward.empty()) return pass_time();
    Datagram datagram = toward.front();
    switch (what >> 1 & 7) {
      case 0: break;
      case 1: return toward.pop_front();                         // Lost.
      case 2: toward.push_back(datagram); break;                 // Doubled.
      case 3: std::swap(toward.front(), toward.back()); return;  // Reordered.
      case 4: datagram.resize(datagram.size() * where / 256); break;
      case 5: datagram[datagram.size() * where / 256] ^= std::byte{what}; break;
      case 6: return pass_time();
      default: break;
    }
    toward.pop_front();
    if ((what & 1) != 0) {
      client_.receive(datagram, clock_.now());
    } else {
      receive(datagram);
    }
  }

 private:
  void pass_time() {
    clock_.advance(2s);
    const auto before = server_.state();
    server_.on_timer(clock_.now());
    client_.on_timer(clock_.now());
    look(before);
  }
  // Keys come once, with the state that says so, and only of a certificate that was announced.
  void look(DtlsSession::State before) {
    using State = DtlsSession::State;
    const State now = server_.state();
    if ((before == State::Failed || before == State::Closed) && now != before) std::abort();
    if (now == State::Failed && server_.failure().empty()) std::abort();
    const bool keys = server_.take_keys().has_value();
    if (keys != (before == State::Handshaking && now == State::Connected)) std::abort();
    if (keys && !announced_) std::abort();
  }

  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1:9");
  const bool announced_;
  test::ManualClock clock_;
  Pipe from_server_, from_client_;
  DtlsSession server_, client_;
};

}  // namespace

// First who begins and whether the client is whom the SDP announced; then steps: a byte under 128
// is done to a datagram under way, else a datagram of the fuzzer's own follows, its size first.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t mode = input.byte();
  Association association((mode & 1) != 0 ? DtlsSession::Role::Active : DtlsSession::Role::Passive,
                          (mode & 2) != 0);
  for (size_t i = 0; i < kMaxDatagrams && !input.empty(); ++i) {
    const uint8_t step = input.byte();
    const uint8_t detail = input.byte();
    if (step < 128) {
      association.act(step, detail);
    } else {
      association.receive(input.bytes(size_t{detail} * (step % 8 + 1)));
    }
  }
  return 0;
}
