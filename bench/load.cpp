#include "bench/load.h"

#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace gw::bench {
namespace {

constexpr Duration kTick = 20ms;
constexpr Duration kLook = 500us;        // No packet waits longer in our sockets.
constexpr int kEvents = 64;              // Then it is time to send what is due.
constexpr Duration kService = 20ms;      // Handshakes, retransmissions, pings.
constexpr uint64_t kPingServices = 400;  // Each user says something every 8 s.
constexpr size_t kMaxPending = 16;       // Calls being set up at once: handshakes cost 2 ms each.
constexpr Duration kSetUpLimit = 20s;    // Without one more call up.
constexpr Duration kHangUpLimit = 5s;

}  // namespace

Result<std::unique_ptr<Load>> Load::create(const Setting& setting,
                                           const std::vector<Speaker>& speakers) {
  auto dtls = media::DtlsContext::create();
  if (!dtls) return tl::unexpected(dtls.error());
  if (SSL_CTX_set_tlsext_use_srtp((*dtls)->native(), setting.dtls_profiles.c_str()) != 0) {
    return fail(ErrorCode::InvalidArgument, "OpenSSL refused " + setting.dtls_profiles);
  }
  return std::unique_ptr<Load>(new Load(setting, std::move(*dtls), speakers));
}

Load::Load(const Setting& setting, std::unique_ptr<media::DtlsContext> dtls,
           const std::vector<Speaker>& speakers)
    : setting_(setting),
      dtls_(std::move(dtls)),
      speakers_(speakers),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      carrier_(random_) {
  watch(carrier_.fd(), Kind::Carrier, 0);
  calls_.resize(setting_.calls);
  for (size_t i = 0; i < setting_.calls; ++i) make_call(i);
  lay_out_slots();
}

void Load::make_call(size_t call) {
  const LoadCall::Setting setting{setting_.opus, &speakers_[call % speakers_.size()], call * 37};
  calls_[call] = std::make_unique<LoadCall>(*dtls_, random_, setting);
  watch(calls_[call]->phone_fd(), Kind::Phone, call);
  watch(calls_[call]->user_fd(), Kind::Browser, call);
}

// Sockets of the calls before are out of the epoll as they are closed.
void Load::renew() {
  for (size_t i = 0; i < setting_.calls; ++i) make_call(i);
  begun_ = 0;
  leaving_ = false;
}

Load::~Load() {
  ::close(epoll_);
}

// Half of the calls are up before the rest: each half is spread over the whole tick. A call's two
// ends speak half a tick apart.
void Load::lay_out_slots() {
  const size_t n = setting_.calls, half = n / 2;
  slots_.resize(2 * n);
  for (size_t i = 0; i < n; ++i) {
    const size_t place = i < half ? 2 * i : std::min(2 * (i - half) + 1, n - 1);
    slots_[2 * place] = {i, true};
    slots_[2 * ((place + half) % n) + 1] = {i, false};
  }
}

void Load::watch(int fd, Kind kind, size_t index) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = uint64_t{static_cast<uint32_t>(kind)} << 32 | index;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

EdgeUser::Events Load::user_events(size_t call) {
  EdgeUser::Events events;
  events.on_incoming = [this, call](const std::string& call_id) {
    users_[call]->accept(call_id, calls_[call]->user_offer());
  };
  events.on_accepted = [this, call](const std::string& sdp) {
    if (!calls_[call]->take_user_answer(sdp, clock_.now())) {
      fail_call(call, "the user's answer is not what was offered: " + sdp);
    }
  };
  events.on_failed = [this, call](const std::string& why) { fail_call(call, "user: " + why); };
  return events;
}

Result<void> Load::connect_users(const GatewayProcess& gateway) {
  for (size_t i = 0; i < setting_.calls; ++i) {
    users_.push_back(std::make_unique<EdgeUser>(random_, user_events(i)));
    auto connected = users_.back()->connect(gateway.local(), GatewayProcess::user(i));
    if (!connected) return connected;
    watch(users_.back()->fd(), Kind::User, i);
  }
  carrier_.use(gateway.sip(), {[this](size_t call, std::string_view sdp) {
                                 if (!calls_[call]->take_phone_answer(sdp))
                                   fail_call(call, "no media in the 200");
                               },
                               [this](size_t call, const std::string& why) {
                                 fail_call(call, "carrier: " + why);
                               }});
  cycle_begin_ = next_service_ = clock_.now();
  return {};
}

void Load::fail_call(size_t call, const std::string& why) {
  if (leaving_ || !failure_.empty()) return;
  failure_ = "call " + std::to_string(call) + ": " + why;
}

Result<void> Load::set_up(size_t first, size_t last) {
  begun_ = first;
  size_t up = first;
  TimePoint limit = clock_.now() + kSetUpLimit;
  while (up < last) {
    while (begun_ < last && begun_ - up < kMaxPending) {
      const size_t call = begun_++;
      carrier_.invite(call, GatewayProcess::number(call), calls_[call]->phone_offer(),
                      clock_.now());
    }
    auto progress = turn_until([&] { return calls_[up]->talking(); }, limit);
    if (!progress) return progress;
    while (up < begun_ && calls_[up]->talking()) ++up;
    limit = clock_.now() + kSetUpLimit;
  }
  return {};
}

Result<void> Load::turn_until(const std::function<bool()>& done, TimePoint limit) {
  while (!done()) {
    if (!failure_.empty()) return fail(ErrorCode::Protocol, failure_);
    if (clock_.now() >= limit) return fail(ErrorCode::Timeout, "a call did not come up in time");
    turn(limit);
  }
  return {};
}

Result<void> Load::talk(Duration length) {
  const TimePoint end = clock_.now() + length;
  while (clock_.now() < end && failure_.empty()) turn(end);
  if (!failure_.empty()) return fail(ErrorCode::Protocol, failure_);
  return {};
}

void Load::hang_up() {
  leaving_ = true;
  const TimePoint now = clock_.now();
  for (size_t i = 0; i < begun_; ++i) carrier_.bye(i, now);
  const TimePoint limit = now + kHangUpLimit;
  const auto all_ended = [this] {
    for (size_t i = 0; i < begun_; ++i) {
      if (!carrier_.ended(i)) return false;
    }
    return true;
  };
  while (!all_ended() && clock_.now() < limit) turn(limit);
}

TimePoint Load::due() const {
  return cycle_begin_ +
         kTick * static_cast<int64_t>(next_slot_) / static_cast<int64_t>(slots_.size());
}

void Load::send_due(TimePoint now) {
  while (due() <= now) {
    const Slot slot = slots_[next_slot_];
    if (LoadCall& call = *calls_[slot.call]; call.talking() && !leaving_) {
      if (window_) lateness_.push_back((clock_.now() - due()).count());
      slot.phone ? call.send_from_phone() : call.send_from_user(now);
    }
    if (++next_slot_ < slots_.size()) continue;
    next_slot_ = 0;
    cycle_begin_ += kTick;
  }
}

void Load::service(TimePoint now) {
  if (now < next_service_) return;
  next_service_ = now + kService;
  ++services_;
  carrier_.on_timer(now);
  for (size_t i = 0; i < begun_; ++i) {
    if (!calls_[i]->talking()) calls_[i]->on_user_readable(now);
    if (calls_[i]->broken()) fail_call(i, "DTLS failed");
  }
  for (size_t i = services_ % kPingServices; i < users_.size(); i += kPingServices) {
    if (users_[i]->fd() >= 0) users_[i]->ping();
  }
}

void Load::read(uint64_t event) {
  const size_t index = event & 0xffffffff;
  switch (static_cast<Kind>(event >> 32)) {
    case Kind::Carrier: return carrier_.on_readable();
    case Kind::User: return users_[index]->on_readable();
    case Kind::Phone: return calls_[index]->on_phone_readable();
    case Kind::Browser: return calls_[index]->on_user_readable(clock_.now());
  }
}

// We sleep by the clock and then look what came, instead of waiting for it: a peer on the same
// machine that is woken by each packet is woken at the sender's expense, and no phone on a network
// costs the daemon that. (Arrival times are the kernel's, so looking late changes no latency.)
void Load::turn(TimePoint limit) {
  send_due(clock_.now());
  service(clock_.now());
  const TimePoint look = clock_.now() + kLook;
  const Duration wake = std::min({due(), next_service_, limit, look}).time_since_epoch();
  const timespec until{wake / 1s, (wake % 1s).count()};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  std::array<epoll_event, kEvents> events;
  const int n = ::epoll_wait(epoll_, events.data(), kEvents, 0);
  for (int i = 0; i < n; ++i) read(events[static_cast<size_t>(i)].data.u64);
}

void Load::prepare(double seconds) {
  lateness_.clear();
  lateness_.reserve(static_cast<size_t>(seconds * 110) * calls_.size());
  for (auto& call : calls_) call->prepare(seconds);
}
void Load::open_window() {
  window_ = true;
  for (auto& call : calls_) call->open_window();
}
void Load::close_window() {
  window_ = false;
  for (auto& call : calls_) call->close_window();
}

}  // namespace gw::bench
