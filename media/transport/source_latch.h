#pragma once

#include "base/clock.h"
#include "base/net.h"

namespace gw::media {

// Symmetric RTP (RFC 4961) without RTP bleed: decides which source a phone's packets may come from,
// and where ours go. After each negotiation there is a window in which one source is latched: the
// address of the SDP, or the first other one that sends valid packets (a phone behind NAT). Then
// everything else is refused. Owned by an RtpTransport, one for RTP and one for RTCP.
class SourceLatch {
 public:
  // Long enough for a phone that rings before it sends; then only the SDP's address may begin.
  static constexpr Duration kWindow = 60s;
  // A stranger's packet may win the race against the phone's first: until then the SDP's address
  // may still take over.
  static constexpr Duration kSettle = 2s;

  // After (re)negotiation. The same address again keeps a latch that holds.
  void open(const SocketAddress& sdp, TimePoint now);
  // The owner knows that another source may come now: the call was answered or resumed.
  void reopen(TimePoint now);

  // Whether a packet from there may pass, before it is known to be valid. Packet path.
  bool admits(const SocketAddress& from, bool authenticated, TimePoint now) const;
  // It was valid. Packet path.
  void on_valid(const SocketAddress& from, TimePoint now);

  // Where to send: the latched source, else what the SDP says; may be empty.
  const SocketAddress& target() const { return latched_.empty() ? sdp_ : latched_; }
  bool latched() const { return !latched_.empty(); }

 private:
  SocketAddress sdp_, latched_;
  TimePoint window_ends_{};
  TimePoint settled_{};
};

}  // namespace gw::media
