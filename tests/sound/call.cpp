#include "tests/sound/call.h"

#include <algorithm>

#include "media/wire/rtcp.h"
#include "tests/sound/ends.h"
#include "tests/unit/media/path/two_ports.h"

namespace gw::sound {
namespace {

using media::FakeTransport;
using media::TwoPorts;

constexpr Duration kPtime = 20ms;
constexpr uint8_t kPcmu = 0, kOpus = 111;
// Who hears waits this long for what is late, then plays without it.
constexpr Duration kListenersBuffer = 200ms;
constexpr Duration kReports = 1s;

// What the listener's own report says of the last second.
void report_loss(TwoPorts& world, TwoPorts::Leg& listener, double loss, uint32_t highest) {
  media::wire::ReportBlock block;
  block.ssrc = 2000;  // Of the second leg.
  block.fraction_lost = static_cast<uint8_t>(loss * 256);
  block.highest_sequence = highest;
  media::wire::RtcpReport report;
  report.ssrc = listener.ssrc;
  report.cname = "listener";
  report.blocks = std::span(&block, 1);
  std::array<std::byte, 256> bytes;
  const size_t size = media::wire::write_rtcp(bytes, report);
  listener.port.on_rtcp(std::span(bytes).first(size), world.clock.now());
}

size_t most_within(const std::vector<FakeTransport::Sent>& sent, Duration window) {
  size_t most = 0;
  for (size_t i = 0, from = 0; i < sent.size(); ++i) {
    while (sent[i].at - sent[from].at > window) ++from;
    most = std::max(most, i - from + 1);
  }
  return most;
}

struct Sending {
  std::vector<Payload> packets;  // One every kPtime.
  std::vector<Arrival> arrivals;
  Network behind;  // What becomes of the gateway's own packets.
  bool repaired = true;
};

Heard through_gateway(Way way, size_t samples, const Sending& sending, uint32_t seed) {
  const bool from_browser = way != Way::PhoneToBrowser;
  const auto browser = TwoPorts::Kind::Browser, phone = TwoPorts::Kind::Phone;
  const media::Playout playout{way == Way::BrowserToTrunk ? media::Playout::Mode::Adaptive
                                                          : media::Playout::Mode::Off};
  TwoPorts world(from_browser ? browser : phone, from_browser ? phone : browser, playout,
                 sending.repaired);
  const auto opus = TwoPorts::parameters(media::Codec::Opus, false);
  const auto pcmu = TwoPorts::parameters(media::Codec::Pcmu);
  world.negotiate(world.a, from_browser ? opus : pcmu);
  world.negotiate(world.b, from_browser ? pcmu : opus);
  world.wire_up();

  const uint8_t type = from_browser ? kOpus : kPcmu;
  const uint32_t units = from_browser ? 960 : 160;
  const TimePoint start = world.clock.now();
  TimePoint next_report = start + kReports;
  auto& sent = world.b.transport.rtp_out;
  for (const Arrival& arrival : sending.arrivals) {
    world.advance(start + arrival.at - world.clock.now());
    if (sending.behind.loss > 0 && sending.repaired && world.clock.now() >= next_report &&
        !sent.empty()) {
      report_loss(world, world.b, sending.behind.loss, sent.back().header.sequence);
      next_report += kReports;
    }
    const auto n = static_cast<uint32_t>(arrival.packet);
    world.receive(world.a, type, sending.packets[arrival.packet], static_cast<uint16_t>(100 + n),
                  16000 + n * units);
  }
  // Longer than any buffer; what comes in place of a source that ended is cut off below.
  world.advance(190ms);

  Heard result;
  result.made_up = world.counters.concealed.get();
  const uint32_t clock = from_browser ? kRate : 48000;
  std::vector<Piece> pieces;
  for (const Arrival& arrival : carry(sending.behind, sent.size(), kPtime, seed)) {
    const FakeTransport::Sent& packet = sent[arrival.packet];
    const uint32_t moved = packet.header.timestamp - sent.front().header.timestamp;
    const size_t at = static_cast<size_t>(uint64_t{moved} * kRate / clock);
    if (at >= samples) continue;
    const Duration position = Duration(1s) * static_cast<int64_t>(at) / kRate;
    const Duration way_taken = packet.at - sent.front().at - position;
    result.longest_way = std::max(result.longest_way, way_taken);
    if (way_taken > kListenersBuffer) continue;
    pieces.push_back({at, packet.payload});
    result.duration = std::max(result.duration, position + kPtime);
    ++result.packets;
  }
  result.most_together = most_within(sent, 5ms);
  std::ranges::stable_sort(pieces, {}, &Piece::at);
  result.pcm = from_browser ? heard_by_phone(pieces) : heard_by_browser(pieces);
  return result;
}

}  // namespace

const char* to_string(Way way) {
  switch (way) {
    case Way::PhoneToBrowser: return "PCMU phone to Opus browser";
    case Way::BrowserToPhone: return "Opus browser to PCMU phone";
    case Way::BrowserToTrunk: return "Opus browser to PCMU trunk";
  }
  return "";
}

Heard call(Way way, std::span<const int16_t> said, const Network& network, Hop hop, uint32_t seed,
           bool repaired) {
  Sending sending;
  const Network clean;
  const Network& before = hop == Hop::ToGateway ? network : clean;
  sending.behind = hop == Hop::FromGateway ? network : clean;
  sending.repaired = repaired;
  sending.packets =
      way == Way::PhoneToBrowser ? said_by_phone(said) : said_by_browser(said, before.loss);
  sending.arrivals = carry(before, sending.packets.size(), kPtime, seed);
  return through_gateway(way, said.size(), sending, seed + 1);
}

}  // namespace gw::sound
