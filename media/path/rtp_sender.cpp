#include "media/path/rtp_sender.h"

#include <algorithm>
#include <utility>

namespace gw::media {
namespace {

// The source's clock and the wall's may drift apart this far before we take it for a jump.
constexpr int64_t kJumpSeconds = 2;
// A frame that comes this late after its place in time is a source whose clock stood still.
constexpr int64_t kLatenessMs = 200;
// A mixer's delay and a packet's length; what comes later comes after a pause.
constexpr uint32_t kFollowsMs = 100;
// A gap as long as this is no loss: nobody spoke.
constexpr int64_t kSilenceMs = 200;

}  // namespace

void RtpSender::set_clock(uint32_t clock_rate) {
  if (clock_rate == clock_) return;
  new_source();
  // The units of the last frame are of the old clock.
  last_units_ = static_cast<uint32_t>(uint64_t{last_units_} * clock_rate / clock_);
  next_timestamp_ = last_timestamp_ + last_units_;
  clock_ = clock_rate;
  origin_ = Origin::None;
  timeline_holds_ = false;
}

uint32_t RtpSender::units_since_sent(TimePoint now) const {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - last_sent_);
  return static_cast<uint32_t>(std::max<int64_t>(0, since.count()) * clock_ / 1'000'000);
}

uint32_t RtpSender::continue_at(TimePoint now) const {
  if (!has_sent()) return next_timestamp_;
  return last_timestamp_ + std::max(last_units_, units_since_sent(now));
}

// Where a new beginning of the source stands on our line; it is one for the listener too, unless it
// follows what was sent.
uint32_t RtpSender::begin_at(TimePoint now) {
  if (std::exchange(follows_, false) && units_since_sent(now) < kFollowsMs * clock_ / 1000) {
    return next_timestamp_;
  }
  marker_due_ = true;
  return continue_at(now);
}

wire::RtpHeader RtpSender::header(uint16_t sequence, uint32_t timestamp) {
  wire::RtpHeader h;
  h.marker = std::exchange(marker_due_, false);
  h.sequence = sequence;
  h.timestamp = timestamp;
  h.ssrc = ssrc_;
  return h;
}

void RtpSender::note(uint16_t sequence, uint32_t timestamp, uint32_t units) {
  // Reordered packets pass without moving the line back.
  if (has_sent() && wire::sequence_distance(sequence, next_sequence_) < 0) return;
  next_sequence_ = static_cast<uint16_t>(sequence + 1);
  last_timestamp_ = timestamp;
  last_units_ = units;
  next_timestamp_ = timestamp + units;
}

std::optional<wire::RtpHeader> RtpSender::forward(int64_t sequence, int64_t timestamp,
                                                  bool restarted, TimePoint now) {
  if (!restarted && sequence < anchor_sequence_) return std::nullopt;
  const int64_t wall_units =
      std::chrono::duration_cast<std::chrono::microseconds>(now - last_position_at_).count() *
      clock_ / 1'000'000;
  const int64_t moved = timestamp - last_position_;
  const int64_t jump = kJumpSeconds * clock_;
  if (restarted || !timeline_holds_ || moved > wall_units + jump || moved < -jump) {
    timestamp_offset_ = begin_at(now) - static_cast<uint32_t>(timestamp);
    timeline_holds_ = true;
    origin_ = Origin::None;
  }
  if (origin_ != Origin::Forwarded) {
    sequence_offset_ = static_cast<uint16_t>(next_sequence_ - static_cast<uint16_t>(sequence));
    origin_ = Origin::Forwarded;
    anchor_sequence_ = sequence;
    last_position_ = timestamp;
    last_position_at_ = now;
  }
  if (timestamp >= last_position_) {
    last_position_ = timestamp;
    last_position_at_ = now;
  }
  const auto out = static_cast<uint16_t>(static_cast<uint16_t>(sequence) + sequence_offset_);
  const uint32_t out_timestamp = static_cast<uint32_t>(timestamp) + timestamp_offset_;
  const wire::RtpHeader h = header(out, out_timestamp);
  note(out, out_timestamp, clock_ / 50);
  return h;
}

std::optional<wire::RtpHeader> RtpSender::mapped(int64_t position, uint32_t units, bool restarted,
                                                 TimePoint now) {
  if (!restarted && timeline_holds_) {
    const uint32_t place = static_cast<uint32_t>(position) + timestamp_offset_;
    const int32_t ahead = wire::timestamp_distance(place, next_timestamp_);
    const int64_t room = static_cast<int64_t>(units_since_sent(now)) + kJumpSeconds * clock_;
    const bool jumped = ahead > room || -static_cast<int64_t>(ahead) > kLatenessMs * clock_ / 1000;
    if (jumped) {
      restarted = true;
    } else if (ahead < 0 && has_sent()) {
      return std::nullopt;
    }
  }
  if (restarted || !timeline_holds_) {
    timestamp_offset_ = begin_at(now) - static_cast<uint32_t>(position);
    timeline_holds_ = true;
  } else if (origin_ == Origin::Mapped && position > next_position_) {
    // Honest loss: what was not sent is missing in the sequence too.
    const int64_t missing = (position - next_position_) / units;
    next_sequence_ = static_cast<uint16_t>(next_sequence_ + std::min<int64_t>(missing, 100));
    // RFC 3551 4.1: the first packet after a silence without packets begins a talk spurt.
    if (position - next_position_ >= kSilenceMs * clock_ / 1000) marker_due_ = true;
  }
  origin_ = Origin::Mapped;
  next_position_ = position + units;
  const uint32_t timestamp = static_cast<uint32_t>(position) + timestamp_offset_;
  const wire::RtpHeader h = header(next_sequence_, timestamp);
  note(h.sequence, timestamp, units);
  return h;
}

uint32_t RtpSender::generated_timestamp(uint32_t units, TimePoint now) {
  // Ten ticks of nothing (a hold) are a new beginning too.
  if (origin_ != Origin::Generated || units_since_sent(now) > 10 * units) {
    next_timestamp_ = continue_at(now);
    origin_ = Origin::Generated;
    timeline_holds_ = false;
  }
  const uint32_t timestamp = next_timestamp_;
  last_timestamp_ = timestamp;
  last_units_ = units;
  next_timestamp_ = timestamp + units;
  return timestamp;
}

wire::RtpHeader RtpSender::generated(uint32_t units, TimePoint now) {
  const uint32_t timestamp = generated_timestamp(units, now);
  return header(next_sequence_++, timestamp);
}

wire::RtpHeader RtpSender::event(uint32_t timestamp, bool marker) {
  wire::RtpHeader h = header(next_sequence_++, timestamp);
  h.marker = marker;
  return h;
}

void RtpSender::on_sent(size_t payload_octets, TimePoint now) {
  ++packets_;
  octets_ += payload_octets;
  last_sent_ = now;
}

wire::SenderInfo RtpSender::sender_info(TimePoint now, WallTime wall) const {
  wire::SenderInfo info;
  info.ntp = wire::to_ntp(wall);
  info.rtp_timestamp = last_timestamp_ + units_since_sent(now);
  info.packets = static_cast<uint32_t>(packets_);
  info.octets = static_cast<uint32_t>(octets_);
  return info;
}

}  // namespace gw::media
