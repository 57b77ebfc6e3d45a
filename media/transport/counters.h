#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gw::media {

// A count with one writing thread and any number of readers: no locked instruction on the packet
// path.
class Tally {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Why a packet that arrived went no further.
enum class Discard {
  Malformed,    // No RTP, RTCP, STUN or DTLS.
  Source,       // Not the latched or nominated peer.
  PayloadType,  // Nothing that was negotiated.
  Ssrc,         // A second stream beside the one we follow.
  Duplicate,
  Late,       // Its place in time was filled already.
  Direction,  // The negotiated direction, or a hold, lets nothing in.
  Srtp,       // Not authentic.
  Replay,
  Codec,     // The decoder refused the payload.
  NotReady,  // Before negotiation or keys.
  Overload,  // No packet buffer or no place in a queue.
};
constexpr size_t kDiscards = 12;
constexpr std::array<const char*, kDiscards> kDiscardNames{
    "malformed", "source", "payload_type", "ssrc",  "duplicate", "late",
    "direction", "srtp",   "replay",       "codec", "not_ready", "overload"};

// What a worker counts. Written by its thread; /metrics reads.
struct MediaCounters {
  Tally packets_in, packets_out, octets_in, octets_out;
  Tally lost;       // By sequence numbers, both kinds of legs.
  Tally concealed;  // Frames made in place of lost ones.
  Tally recovered;  // Of those, by Opus FEC.
  Tally send_failed;
  Tally socket_overflow;  // SO_RXQ_OVFL: the kernel had no room left.
  Tally stun_checks, stun_refused;
  Tally ice_moves;    // Peers that nominated another address in the middle of a call.
  Tally media_moves;  // Of those, peers whose sound came from there before they nominated it.
  Tally tcp_accepted, tcp_refused;  // Connections of browsers without UDP.
  Tally tcp_dropped;                // Packets that a connection had no room for.
  Tally tcp_open;
  Tally dtls_handshakes, dtls_failures;
  Tally srtp_failures;
  Tally srtp_resyncs;  // Rollover counters found ahead of ours.
  Tally digits_in, digits_out;
  Tally digits_undeliverable;  // Keys toward a leg that takes none.
  Tally feedback_ignored;      // RTCP feedback: NACK, congestion control.
  Tally turns;                 // Of the loop; its pulse.
  Tally late_turns;            // Loop turns that came more than 20 ms after they were due.
  Tally busy_permille;         // Of the worker's time, in the last quarter of a second.
  Tally complexity;            // Of its Opus encoders.
  std::array<Tally, kDiscards> discarded;

  void discard(Discard why) { discarded[static_cast<size_t>(why)].add(); }
  // The other's counts; it begins anew. One thread writes both. What is no count but a state (busy,
  // complexity, open connections) is zero in the other.
  void take(MediaCounters& other);
};

constexpr std::array kPlainCounts{&MediaCounters::packets_in,
                                  &MediaCounters::packets_out,
                                  &MediaCounters::octets_in,
                                  &MediaCounters::octets_out,
                                  &MediaCounters::lost,
                                  &MediaCounters::concealed,
                                  &MediaCounters::recovered,
                                  &MediaCounters::send_failed,
                                  &MediaCounters::socket_overflow,
                                  &MediaCounters::stun_checks,
                                  &MediaCounters::stun_refused,
                                  &MediaCounters::ice_moves,
                                  &MediaCounters::media_moves,
                                  &MediaCounters::tcp_accepted,
                                  &MediaCounters::tcp_refused,
                                  &MediaCounters::tcp_dropped,
                                  &MediaCounters::tcp_open,
                                  &MediaCounters::dtls_handshakes,
                                  &MediaCounters::dtls_failures,
                                  &MediaCounters::srtp_failures,
                                  &MediaCounters::srtp_resyncs,
                                  &MediaCounters::digits_in,
                                  &MediaCounters::digits_out,
                                  &MediaCounters::digits_undeliverable,
                                  &MediaCounters::feedback_ignored,
                                  &MediaCounters::turns,
                                  &MediaCounters::late_turns,
                                  &MediaCounters::busy_permille,
                                  &MediaCounters::complexity};
static_assert(sizeof(MediaCounters) == (kPlainCounts.size() + kDiscards) * sizeof(Tally),
              "every count is taken along");

inline void MediaCounters::take(MediaCounters& other) {
  const auto move = [](Tally& to, Tally& from) {
    if (from.get() == 0) return;
    to.add(from.get());
    from.set(0);
  };
  for (const auto count : kPlainCounts) move(this->*count, other.*count);
  for (size_t i = 0; i < kDiscards; ++i) move(discarded[i], other.discarded[i]);
}

}  // namespace gw::media
