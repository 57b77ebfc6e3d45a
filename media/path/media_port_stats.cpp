// How a leg sounds: what a MediaPort says of it to its owner, and to its peer by RTCP XR.
#include <algorithm>

#include "media/path/media_port.h"

namespace gw::media {
namespace {

uint8_t of_256(double part) {
  return static_cast<uint8_t>(std::clamp(part * 256, 0.0, 255.0));
}

uint16_t milliseconds(Duration d) {
  return static_cast<uint16_t>(std::clamp<int64_t>(to_ms(d), 0, 0xffff));
}

uint8_t tenths(double mos) {
  return static_cast<uint8_t>(mos * 10 + 0.5);
}

}  // namespace

StreamQuality MediaPort::quality() const {
  StreamQuality quality;
  quality.codec = parameters_.codecs.front().codec;
  const double arrived = static_cast<double>(receiver_.packets());
  const double lost = static_cast<double>(receiver_.lost());
  const double late = static_cast<double>(source_.late());
  if (arrived + lost > 0) quality.loss = std::min(1.0, (lost + late) / (arrived + lost));
  quality.burst_ratio = receiver_.bursts().burst_ratio;
  quality.delay = one_way_delay(rtcp_.round_trip(), receiver_.jitter());
  return quality;
}

PortStats MediaPort::stats() const {
  PortStats stats;
  stats.packets_in = packets_in_;
  stats.octets_in = octets_in_;
  stats.packets_out = sink_.packets();
  stats.octets_out = sink_.octets();
  stats.packets_lost = receiver_.lost();
  stats.discarded = discarded_ + source_.late();
  using Milliseconds = std::chrono::duration<double, std::milli>;
  stats.jitter_ms = Milliseconds(receiver_.jitter()).count();
  stats.round_trip_ms = Milliseconds(rtcp_.round_trip()).count();
  stats.remote_loss = rtcp_.remote_loss();
  stats.remote_mos = rtcp_.remote_mos();
  if (packets_in_ == 0) return stats;
  const StreamQuality heard = quality();
  stats.loss = heard.loss;
  const LossBursts::Summary bursts = receiver_.bursts();
  const double packet_ms = Milliseconds(receiver_.packet_time()).count();
  stats.burst_loss = bursts.burst_density;
  stats.burst_ms = bursts.burst_packets * packet_ms;
  stats.gap_loss = bursts.gap_density;
  stats.gap_ms = bursts.gap_packets * packet_ms;
  stats.concealed_ms = Milliseconds(source_.concealed_time()).count();
  stats.mos = mean_opinion_score(transmission_rating(heard));
  return stats;
}

// RFC 3611 4.7
std::optional<wire::VoipMetrics> MediaPort::voip_metrics() const {
  if (!parameters_.voip_metrics || !receiver_.started()) return std::nullopt;
  const StreamQuality heard = quality();
  const LossBursts::Summary bursts = receiver_.bursts();
  const Duration packet = receiver_.packet_time();
  const double all = static_cast<double>(receiver_.packets() + receiver_.lost());
  const auto length = [packet](double packets) {
    return milliseconds(std::chrono::duration_cast<Duration>(packet * packets));
  };
  wire::VoipMetrics m;
  m.ssrc = receiver_.ssrc();
  m.loss_rate = of_256(static_cast<double>(receiver_.lost()) / all);
  m.discard_rate = of_256(static_cast<double>(source_.late()) / all);
  m.burst_density = of_256(bursts.burst_density);
  m.gap_density = of_256(bursts.gap_density);
  m.burst_ms = length(bursts.burst_packets);
  m.gap_ms = length(bursts.gap_packets);
  m.round_trip_ms = milliseconds(rtcp_.round_trip());
  m.end_system_ms = milliseconds(packet);
  m.gmin = LossBursts::kGmin;
  const double rating = transmission_rating(heard);
  m.rating = static_cast<uint8_t>(rating + 0.5);
  m.conversation_mos = tenths(mean_opinion_score(rating));
  // Who only listens does not mind the delay.
  StreamQuality listened = heard;
  listened.delay = Duration{0};
  m.listening_mos = tenths(mean_opinion_score(transmission_rating(listened)));
  constexpr uint8_t kStandardConcealment = 3 << 6, kAdaptiveBuffer = 3 << 4;
  m.receiver = kStandardConcealment | kAdaptiveBuffer;
  return m;
}

}  // namespace gw::media
