#include "media/engine/port_pool.h"

namespace gw::media {
namespace {

// No descriptor or memory is left, or the address is not ours: asking for every other pair would
// only hold the signalling thread up.
Result<RtpSockets> out_of_sockets(const Result<RtpSockets>& refused) {
  return fail(ErrorCode::Exhausted, "media ports: " + refused.error().detail);
}

}  // namespace

PortPool::PortPool(uint16_t low, uint16_t high, UdpSocket::Options options, const Clock& clock,
                   Random& random)
    : first_(static_cast<uint16_t>(low + (low & 1))),
      options_(options),
      clock_(clock),
      random_(random),
      state_(high > first_ ? (static_cast<size_t>(high) - first_ + 1) / 2 : 0, State::Free) {}

void PortPool::wake_rested() {
  while (!resting_.empty() && resting_.front().until <= clock_.now()) {
    state_[resting_.front().pair] = State::Free;
    resting_.pop_front();
  }
}

Result<RtpSockets> PortPool::take(const SocketAddress& address) {
  wake_rested();
  if (state_.empty()) return fail(ErrorCode::Exhausted, "media ports: the range is empty");
  // Random, so that nobody can aim at the next call's port; then every pair in turn.
  const size_t start = random_.u32() % state_.size();
  for (size_t i = 0; i < state_.size(); ++i) {
    const size_t pair = (start + i) % state_.size();
    if (state_[pair] != State::Free) continue;
    auto sockets = try_pair(pair, address);
    if (!sockets && sockets.error().code != ErrorCode::Conflict) return out_of_sockets(sockets);
    if (!sockets) continue;
    state_[pair] = State::Used;
    ++in_use_;
    return sockets;
  }
  // A busy hour on a small range: an early second use beats a refused call.
  for (auto rested = resting_.begin(); rested != resting_.end(); ++rested) {
    auto sockets = try_pair(rested->pair, address);
    if (!sockets && sockets.error().code != ErrorCode::Conflict) return out_of_sockets(sockets);
    if (!sockets) continue;
    state_[rested->pair] = State::Used;
    resting_.erase(rested);
    ++in_use_;
    return sockets;
  }
  return fail(ErrorCode::Exhausted,
              "media ports: none of " + std::to_string(state_.size()) + " pairs is free");
}

Result<RtpSockets> PortPool::try_pair(size_t pair, SocketAddress address) {
  address.set_port(static_cast<uint16_t>(first_ + 2 * pair));
  auto rtp = UdpSocket::bind(address, options_);
  if (!rtp) return tl::unexpected(rtp.error());
  address.set_port(static_cast<uint16_t>(first_ + 2 * pair + 1));
  auto rtcp = UdpSocket::bind(address, options_);
  if (!rtcp) return tl::unexpected(rtcp.error());
  return RtpSockets{std::move(*rtp), std::move(*rtcp)};
}

void PortPool::give_back(uint16_t rtp_port) {
  const size_t pair = static_cast<size_t>(rtp_port - first_) / 2;
  if (rtp_port < first_ || pair >= state_.size() || state_[pair] != State::Used) return;
  state_[pair] = State::Resting;
  resting_.push_back({pair, clock_.now() + kRest});
  --in_use_;
}

}  // namespace gw::media
