#include "media/path/rtp_receiver.h"

#include <algorithm>
#include <cmath>

namespace gw::media {
namespace {

constexpr int64_t kWindowBits = 64;

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

RtpReceiver::Arrival RtpReceiver::accept(const wire::RtpHeader& header, uint32_t clock_rate,
                                         bool timed, TimePoint now) {
  Arrival arrival;
  if (!started_ || header.ssrc != ssrc_) {
    if (started_ && !follow(header.ssrc, now)) {
      arrival.verdict = Verdict::OtherSource;
      return arrival;
    }
    restart(header);
    arrival.restarted = true;
  }
  candidate_ = ssrc_;

  int64_t sequence = sequences_.peek(header.sequence);
  const int64_t distance = sequences_.started() ? sequence - sequences_.newest() : 0;
  const bool paused = distance < 0 && now - last_arrival_ > kStreamPaused;
  if (paused || distance > kMaxDropout || distance < -kMaxMisorder) {
    // RFC 3550 A.1: two packets in a row far away mean that the sender began anew.
    const bool in_row = have_bad_ && header.sequence == bad_sequence_;
    bad_sequence_ = static_cast<uint16_t>(header.sequence + 1);
    have_bad_ = true;
    if (!in_row && !paused) {
      arrival.verdict = Verdict::TooOld;
      return arrival;
    }
    restart(header);
    arrival.restarted = true;
    sequence = sequences_.peek(header.sequence);
  }
  have_bad_ = false;
  if (!arrival.restarted && sequences_.newest() - sequence >= kWindowBits) {
    arrival.verdict = Verdict::TooOld;
    return arrival;
  }
  if (seen(sequence)) {
    arrival.verdict = Verdict::Duplicate;
    return arrival;
  }
  sequences_.extend(header.sequence);
  arrival.sequence = sequence;
  arrival.timestamp = timestamps_.extend(header.timestamp);
  ++received_;
  ++total_received_;
  last_arrival_ = now;
  if (timed) measure_jitter(arrival.timestamp, clock_rate, now);
  return arrival;
}

bool RtpReceiver::follow(uint32_t ssrc, TimePoint now) {
  if (ssrc == candidate_ || now - last_arrival_ > kSourceSilent) return true;
  candidate_ = ssrc;
  return false;
}

void RtpReceiver::restart(const wire::RtpHeader& header) {
  lost_before_ = lost();
  started_ = true;
  ssrc_ = header.ssrc;
  sequences_.reset();
  timestamps_.reset();
  first_ = sequences_.peek(header.sequence);
  window_ = 0;
  received_ = 0;
  reported_expected_ = 0;
  reported_received_ = 0;
  have_transit_ = false;
  last_sr_ = 0;
}

bool RtpReceiver::seen(int64_t sequence) {
  if (!sequences_.started()) {
    window_ = 1;
    return false;
  }
  const int64_t ahead = sequence - sequences_.newest();
  if (ahead > 0) {
    judge(ahead);
    window_ = ahead >= kWindowBits ? 0 : window_ << ahead;
    window_ |= 1;
    return false;
  }
  const uint64_t bit = uint64_t{1} << -ahead;
  if ((window_ & bit) != 0) return true;
  window_ |= bit;
  first_ = std::min(first_, sequence);  // Reordered before the first that we saw.
  return false;
}

// What leaves the window came, or never will.
void RtpReceiver::judge(int64_t ahead) {
  const int64_t oldest = sequences_.newest() - kWindowBits + 1;
  for (int64_t i = 0; i < ahead; ++i) {
    if (oldest + i < first_) continue;
    bursts_.note(i < kWindowBits && (window_ >> (kWindowBits - 1 - i) & 1) != 0);
  }
}

void RtpReceiver::measure_jitter(int64_t timestamp, uint32_t clock_rate, TimePoint now) {
  if (clock_rate != jitter_clock_) {
    jitter_ = jitter_clock_ == 0 ? 0 : jitter_ * clock_rate / jitter_clock_;
    jitter_clock_ = clock_rate;
    have_transit_ = false;
    packet_units_ = 0;
  }
  if (have_transit_) {
    const int64_t step = timestamp - jitter_timestamp_;
    if (step > 0 && (packet_units_ == 0 || step < packet_units_)) packet_units_ = step;
    const double arrival_units = seconds(now - jitter_arrival_) * clock_rate;
    const double d = std::abs(arrival_units - static_cast<double>(timestamp - jitter_timestamp_));
    // A pause of the sender's clock (hold, DTX that stops it) is no jitter.
    if (d < clock_rate) jitter_ += (d - jitter_) / 16;
  }
  have_transit_ = true;
  jitter_timestamp_ = timestamp;
  jitter_arrival_ = now;
}

void RtpReceiver::on_sender_report(uint32_t ssrc, uint64_t ntp, TimePoint now) {
  if (!started_ || ssrc != ssrc_) return;
  last_sr_ = wire::ntp_middle(ntp);
  last_sr_arrival_ = now;
}

std::optional<wire::ReportBlock> RtpReceiver::report(TimePoint now) {
  if (!started_) return std::nullopt;
  wire::ReportBlock block;
  block.ssrc = ssrc_;
  const int64_t lost_now = expected() - static_cast<int64_t>(received_);
  const int64_t interval_expected = expected() - reported_expected_;
  const int64_t interval_received = static_cast<int64_t>(received_ - reported_received_);
  const int64_t interval_lost = interval_expected - interval_received;
  if (interval_expected > 0 && interval_lost > 0) {
    block.fraction_lost =
        static_cast<uint8_t>(std::min<int64_t>(255, interval_lost * 256 / interval_expected));
  }
  reported_expected_ = expected();
  reported_received_ = received_;
  constexpr int64_t kMost = 0x7fffff;
  block.cumulative_lost = static_cast<int32_t>(std::clamp(lost_now, -kMost, kMost));
  // Began a turn up.
  block.highest_sequence = static_cast<uint32_t>(sequences_.newest() - 0x10000);
  block.jitter = static_cast<uint32_t>(jitter_);
  block.last_sr = last_sr_;
  if (last_sr_ != 0) block.delay_since_last_sr = wire::to_ntp_short(now - last_sr_arrival_);
  return block;
}

uint64_t RtpReceiver::lost() const {
  if (!started_ || !sequences_.started()) return lost_before_;
  return lost_before_ +
         static_cast<uint64_t>(std::max<int64_t>(0, expected() - static_cast<int64_t>(received_)));
}

Duration RtpReceiver::packet_time() const {
  if (packet_units_ == 0) return 20ms;
  return Duration(1s) * packet_units_ / jitter_clock_;
}

Duration RtpReceiver::jitter() const {
  if (jitter_clock_ == 0) return Duration{0};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(jitter_ / jitter_clock_));
}

}  // namespace gw::media
