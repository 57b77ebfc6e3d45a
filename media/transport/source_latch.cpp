#include "media/transport/source_latch.h"

namespace gw::media {

void SourceLatch::open(const SocketAddress& sdp, TimePoint now) {
  window_ends_ = now + kWindow;
  if (sdp == sdp_ && latched()) return;
  // Phones that hold with c=0.0.0.0 come back to where they were.
  if (sdp.empty() || sdp.any() || sdp.port() == 0) return;
  sdp_ = sdp;
  latched_ = {};
}

void SourceLatch::reopen(TimePoint now) {
  if (!latched()) window_ends_ = now + kWindow;
}

bool SourceLatch::admits(const SocketAddress& from, bool authenticated, TimePoint now) const {
  if (from == latched_) return true;
  // SRTP proves who sends: a phone whose NAT binding changed may move.
  if (authenticated) return true;
  if (from == sdp_) return !latched() || now < settled_;
  return !latched() && now < window_ends_;
}

void SourceLatch::on_valid(const SocketAddress& from, TimePoint now) {
  if (from == latched_) return;
  if (!latched()) settled_ = now + kSettle;
  latched_ = from;
}

}  // namespace gw::media
