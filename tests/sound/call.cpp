#include "tests/sound/call.h"

#include <opus.h>

#include <algorithm>
#include <memory>

#include "media/codec/codec.h"
#include "media/codec/opus.h"
#include "media/wire/rtcp.h"
#include "tests/unit/media/path/two_ports.h"

namespace gw::sound {
namespace {

using media::FakeTransport;
using media::TwoPorts;

constexpr size_t kFrame = kRate / 50;
constexpr Duration kPtime = 20ms;
constexpr uint8_t kPcmu = 0, kOpus = 111;
// Who hears waits this long for what is late, then plays without it.
constexpr Duration kListenersBuffer = 200ms;
constexpr Duration kReports = 1s;

struct OpusDelete {
  void operator()(OpusEncoder* e) const { opus_encoder_destroy(e); }
  void operator()(OpusDecoder* d) const { opus_decoder_destroy(d); }
};

using Payload = std::vector<std::byte>;

// What a browser sends: libopus for speech, at the bit rate that we ask for, with FEC sized by the
// loss that it was told.
std::vector<Payload> as_browser(std::span<const int16_t> pcm, double loss) {
  const std::unique_ptr<OpusEncoder, OpusDelete> encoder(
      opus_encoder_create(kRate, 1, OPUS_APPLICATION_VOIP, nullptr));
  opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(media::kWishedBitrate));
  opus_encoder_ctl(encoder.get(), OPUS_SET_INBAND_FEC(1));
  opus_encoder_ctl(encoder.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<int>(loss * 100)));
  std::vector<Payload> packets;
  for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
    Payload payload(1276);
    const int size = opus_encode(encoder.get(), &pcm[at], kFrame,
                                 reinterpret_cast<unsigned char*>(payload.data()),
                                 static_cast<opus_int32>(payload.size()));
    payload.resize(static_cast<size_t>(std::max(size, 0)));
    packets.push_back(std::move(payload));
  }
  return packets;
}

std::vector<Payload> as_phone(std::span<const int16_t> pcm) {
  std::vector<Payload> packets;
  for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
    Payload payload(kFrame);
    media::g711_encode(media::Law::Mu, pcm.subspan(at, kFrame), payload);
    packets.push_back(std::move(payload));
  }
  return packets;
}

// A packet as it reached who hears it; `at` in samples on the stream's timeline.
struct Piece {
  size_t at = 0;
  Payload payload;
};

// A phone without concealment: silence for what is missing.
std::vector<int16_t> heard_by_phone(const std::vector<Piece>& pieces) {
  std::vector<int16_t> pcm;
  for (const Piece& piece : pieces) {
    pcm.resize(std::max(pcm.size(), piece.at + piece.payload.size()));
    media::g711_decode(media::Law::Mu, piece.payload,
                       std::span(pcm).subspan(piece.at, piece.payload.size()));
  }
  return pcm;
}

// A browser: libopus fills what is missing, the last of it from the FEC of the successor.
std::vector<int16_t> heard_by_browser(const std::vector<Piece>& pieces) {
  const std::unique_ptr<OpusDecoder, OpusDelete> decoder(opus_decoder_create(kRate, 1, nullptr));
  std::vector<int16_t> pcm;
  std::array<int16_t, kRate * 120 / 1000> frame;
  const auto decode = [&](const Payload* payload, size_t samples, bool fec) {
    const int n = opus_decode(
        decoder.get(), payload ? reinterpret_cast<const unsigned char*>(payload->data()) : nullptr,
        payload ? static_cast<opus_int32>(payload->size()) : 0, frame.data(),
        static_cast<int>(samples), fec ? 1 : 0);
    pcm.insert(pcm.end(), frame.begin(), frame.begin() + std::max(n, 0));
  };
  for (const Piece& piece : pieces) {
    while (piece.at >= pcm.size() + 2 * kFrame) decode(nullptr, kFrame, false);
    if (piece.at >= pcm.size() + kFrame) decode(&piece.payload, kFrame, true);
    decode(&piece.payload, frame.size(), false);
  }
  return pcm;
}

std::vector<int16_t> heard(Way way, const std::vector<Piece>& pieces) {
  return way == Way::PhoneToBrowser ? heard_by_browser(pieces) : heard_by_phone(pieces);
}

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
};

Heard through_gateway(Way way, size_t samples, const Sending& sending, uint32_t seed) {
  const bool from_browser = way != Way::PhoneToBrowser;
  const auto browser = TwoPorts::Kind::Browser, phone = TwoPorts::Kind::Phone;
  const media::Playout playout{way == Way::BrowserToTrunk ? media::Playout::Mode::Adaptive
                                                          : media::Playout::Mode::Off};
  TwoPorts world(from_browser ? browser : phone, from_browser ? phone : browser, playout);
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
    if (sending.behind.loss > 0 && sending.behind.reported && world.clock.now() >= next_report &&
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
  result.pcm = heard(way, pieces);
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

Heard call(Way way, std::span<const int16_t> said, const Network& network, Hop hop, uint32_t seed) {
  Sending sending;
  const Network clean;
  const Network& before = hop == Hop::ToGateway ? network : clean;
  sending.behind = hop == Hop::FromGateway ? network : clean;
  sending.packets = way == Way::PhoneToBrowser ? as_phone(said) : as_browser(said, before.loss);
  sending.arrivals = carry(before, sending.packets.size(), kPtime, seed);
  return through_gateway(way, said.size(), sending, seed + 1);
}

std::vector<int16_t> without_concealment(Way way, std::span<const int16_t> said,
                                         const Network& network, uint32_t seed) {
  std::vector<bool> came(said.size() / kFrame);
  for (const Arrival& a : carry(network, came.size(), kPtime, seed)) came[a.packet] = true;
  if (way == Way::PhoneToBrowser) {
    Sending sending;
    sending.packets = as_phone(said);
    const std::byte silence{media::g711_silence(media::Law::Mu)};
    for (size_t i = 0; i < came.size(); ++i) {
      if (!came[i]) std::ranges::fill(sending.packets[i], silence);
    }
    sending.arrivals = carry({}, came.size(), kPtime, seed);
    return through_gateway(way, said.size(), sending, seed).pcm;
  }
  // G.711 has no memory: what the gateway would send needs no gateway.
  const auto packets = as_browser(said, network.loss);
  const auto decoder = media::make_decoder(media::Codec::Opus, kRate);
  std::vector<int16_t> between(packets.size() * kFrame);
  for (size_t i = 0; i < packets.size(); ++i) {
    if (came[i]) decoder->decode(packets[i], std::span(between).subspan(i * kFrame, kFrame));
  }
  std::vector<Piece> pieces;
  for (auto& payload : as_phone(between))
    pieces.push_back({pieces.size() * kFrame, std::move(payload)});
  return heard(way, pieces);
}

}  // namespace gw::sound
