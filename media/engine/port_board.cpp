#include "media/engine/port_board.h"

namespace gw::media {

void PortBoard::write(const PortStats& stats, std::optional<Codec> codec, std::string_view srtp) {
  constexpr auto relaxed = std::memory_order_relaxed;
  codec_.store(codec ? static_cast<int>(*codec) : -1, relaxed);
  srtp_.store(srtp.empty() ? "" : srtp.data(), relaxed);
  packets_in_.store(stats.packets_in, relaxed);
  packets_out_.store(stats.packets_out, relaxed);
  packets_lost_.store(stats.packets_lost, relaxed);
  octets_in_.store(stats.octets_in, relaxed);
  octets_out_.store(stats.octets_out, relaxed);
  discarded_.store(stats.discarded, relaxed);
  speaks_.store(stats.speaks, relaxed);
  jitter_ms_.store(stats.jitter_ms, relaxed);
  round_trip_ms_.store(stats.round_trip_ms, relaxed);
  mos_.store(stats.mos, relaxed);
  loss_.store(stats.loss, relaxed);
  burst_loss_.store(stats.burst_loss, relaxed);
  gap_loss_.store(stats.gap_loss, relaxed);
  burst_ms_.store(stats.burst_ms, relaxed);
  gap_ms_.store(stats.gap_ms, relaxed);
  concealed_ms_.store(stats.concealed_ms, relaxed);
  remote_loss_.store(stats.remote_loss, relaxed);
  remote_mos_.store(stats.remote_mos, relaxed);
}

PortStats PortBoard::read() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  PortStats stats;
  const int codec = codec_.load(relaxed);
  if (codec >= 0) stats.codec = to_string(static_cast<Codec>(codec));
  stats.srtp = srtp_.load(relaxed);
  stats.packets_in = packets_in_.load(relaxed);
  stats.packets_out = packets_out_.load(relaxed);
  stats.packets_lost = packets_lost_.load(relaxed);
  stats.octets_in = octets_in_.load(relaxed);
  stats.octets_out = octets_out_.load(relaxed);
  stats.discarded = discarded_.load(relaxed);
  stats.speaks = speaks_.load(relaxed);
  stats.jitter_ms = jitter_ms_.load(relaxed);
  stats.round_trip_ms = round_trip_ms_.load(relaxed);
  stats.mos = mos_.load(relaxed);
  stats.loss = loss_.load(relaxed);
  stats.burst_loss = burst_loss_.load(relaxed);
  stats.gap_loss = gap_loss_.load(relaxed);
  stats.burst_ms = burst_ms_.load(relaxed);
  stats.gap_ms = gap_ms_.load(relaxed);
  stats.concealed_ms = concealed_ms_.load(relaxed);
  stats.remote_loss = remote_loss_.load(relaxed);
  stats.remote_mos = remote_mos_.load(relaxed);
  return stats;
}

}  // namespace gw::media
