#include "media/path/rtcp_session.h"

#include <algorithm>
#include <array>

namespace gw::media {
namespace {

constexpr Duration kMaxRoundTrip = 10s;  // More is a peer whose numbers mean nothing.

}  // namespace

Duration RtcpSession::next_interval(double mean) const {
  // RFC 3550 6.2: spread over 0.5 to 1.5 of the interval, so that reports do not synchronise.
  const double factor = 0.5 + static_cast<double>(random_.u32()) / 4294967296.0;
  return std::chrono::duration_cast<Duration>(kInterval * (mean * factor));
}

void RtcpSession::start(TimePoint now) {
  if (due_ == kNever) due_ = now + next_interval(0.5);  // The first one early: RFC 3550 6.2.
}

void RtcpSession::receive(std::span<const std::byte> compound, RtpReceiver& receiver,
                          uint32_t our_ssrc, TimePoint now, WallTime wall,
                          MediaCounters& counters) {
  const auto parsed = wire::RtcpCompound::parse(compound);
  if (!parsed) return;
  if (parsed->sender) receiver.on_sender_report(parsed->ssrc, parsed->sender->ntp, now);
  // Sound is not sent again, and its rate is the codec's: RFC 4585 feedback changes nothing.
  counters.feedback_ignored.add(parsed->feedbacks);
  if (parsed->voip && parsed->voip->ssrc == our_ssrc) take(*parsed->voip);
  for (const wire::ReportBlock& block : parsed->reports()) {
    if (block.ssrc != our_ssrc) continue;
    remote_loss_ = block.fraction_lost / 256.0;
    // A second of speech is fifty packets: what one report finds lost says little. Up at once, so
    // that help is there while it is needed; down by halves.
    expected_loss_ = std::max(remote_loss_, (expected_loss_ + remote_loss_) / 2);
    if (block.last_sr == 0) continue;
    const uint32_t round_trip =
        wire::ntp_middle(wire::to_ntp(wall)) - block.last_sr - block.delay_since_last_sr;
    const Duration measured = wire::from_ntp_short(round_trip);
    if (measured < kMaxRoundTrip) round_trip_ = measured;
  }
  if (parsed->bye_count > 0) peer_left_ = true;
}

void RtcpSession::take(const wire::VoipMetrics& metrics) {
  constexpr uint8_t kLowest = 10, kHighest = 50;  // Tenths; all else means that it is not known.
  if (metrics.listening_mos < kLowest || metrics.listening_mos > kHighest) return;
  remote_mos_ = metrics.listening_mos / 10.0;
}

void RtcpSession::send(Transport& transport, PacketPool& pool, RtpReceiver& receiver,
                       const RtpSender& sender, TimePoint now, WallTime wall,
                       const Saying& saying) {
  due_ = now + next_interval(1.0);
  PacketPtr packet = pool.take();
  if (!packet) return;
  wire::RtcpReport report;
  report.ssrc = sender.ssrc();
  report.cname = cname_;
  report.voip = saying.voip;
  report.bye = saying.bye;
  // RFC 3550 6.4: SR from those who sent since the last report, else RR.
  if (sender.packets() != reported_packets_) report.sender = sender.sender_info(now, wall);
  reported_packets_ = sender.packets();
  std::array<wire::ReportBlock, 1> blocks;
  if (const auto block = receiver.report(now)) {
    blocks[0] = *block;
    report.blocks = blocks;
  }
  const size_t size = wire::write_rtcp(packet->room().first(Packet::kMaxDatagram), report);
  if (size == 0) return;
  packet->resize(size);
  transport.send_rtcp(*packet, now);
}

}  // namespace gw::media
