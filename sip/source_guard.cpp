#include "sip/source_guard.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace gw::sip {
namespace {

constexpr Duration kFailureWindow = 1min;
constexpr Duration kLongestBan = 24h;
constexpr Duration kTrustAfterPass = 1h;
constexpr unsigned kTrustedFactor =
    4;  // One phone with an old password must not silence the office.
constexpr unsigned kMaxDoublings = 12;

SocketAddress host_of(SocketAddress address) {
  if (!address.empty()) address.set_port(0);
  return address;
}

}  // namespace

bool is_scanner(std::string_view user_agent) {
  // What the usual tools send unless told otherwise. Whoever hides better is left to the bans.
  static constexpr std::array<std::string_view, 12> kTools{
      "friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sipsak",
      "sundayddr",        "iwar",       "sivus",  "smap",     "pplsip",
      "vaxsipuseragent",  "sipscan"};
  std::string lower(user_agent.substr(0, 128));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(
      kTools, [&](std::string_view tool) { return lower.find(tool) != std::string::npos; });
}

SourceGuard::SourceGuard(const SourceLimits& limits, const Clock& clock, Metrics& metrics,
                         size_t max_sources)
    : limits_(limits),
      clock_(clock),
      max_sources_(std::max<size_t>(1, max_sources)),
      over_rate_(metrics.counter("gw_sip_source_refused_total",
                                 "Requests that met a limit of their source address",
                                 {{"reason", "rate"}})),
      scanners_(metrics.counter("gw_sip_source_refused_total",
                                "Requests that met a limit of their source address",
                                {{"reason", "scanner"}})),
      banned_(metrics.counter("gw_sip_source_refused_total",
                              "Requests that met a limit of their source address",
                              {{"reason", "banned"}})),
      bans_(metrics.counter("gw_sip_bans_total", "Source addresses banned after failed digests")) {}

SourceGuard::Source& SourceGuard::source(const SocketAddress& address) {
  const SocketAddress host = host_of(address);
  if (const auto found = by_source_.find(host); found != by_source_.end()) {
    oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.age);
    return found->second;
  }
  if (by_source_.size() >= max_sources_) {
    by_source_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  oldest_first_.push_back(host);
  Source& fresh = by_source_[host];
  fresh.age = std::prev(oldest_first_.end());
  fresh.tokens = 2 * limits_.requests_per_second;
  fresh.filled = clock_.now();
  return fresh;
}

Admission SourceGuard::admit(const SocketAddress& address, std::string_view user_agent) {
  if (is_scanner(user_agent)) {
    scanners_.Increment();
    return Admission::Silence;
  }
  const TimePoint now = clock_.now();
  Source& from = source(address);
  if (now < from.banned_until) {
    banned_.Increment();
    return Admission::Silence;
  }
  if (take_token(from, now)) return Admission::Pass;
  over_rate_.Increment();
  if (from.refused != TimePoint{} && now - from.refused < 1s) return Admission::Silence;
  from.refused = now;
  return Admission::Refuse;
}

bool SourceGuard::take_token(Source& from, TimePoint now) {
  if (limits_.requests_per_second <= 0) return true;
  // A rate below one a second still lets a single request through.
  const double burst = std::max(1.0, 2 * limits_.requests_per_second);
  const double elapsed = std::chrono::duration<double>(now - from.filled).count();
  from.tokens = std::min(burst, from.tokens + elapsed * limits_.requests_per_second);
  from.filled = now;
  if (from.tokens < 1) return false;
  from.tokens -= 1;
  return true;
}

void SourceGuard::digest_failed(const SocketAddress& address) {
  if (limits_.failed_digests == 0) return;
  const TimePoint now = clock_.now();
  Source& from = source(address);
  if (now < from.banned_until) return;
  if (from.failures == 0 || now - from.failing_since > kFailureWindow) {
    from.failures = 0;
    from.failing_since = now;
  }
  const bool trusted = from.passed != TimePoint{} && now - from.passed < kTrustAfterPass;
  const unsigned allowed = limits_.failed_digests * (trusted ? kTrustedFactor : 1);
  if (++from.failures < allowed) return;

  from.failures = 0;
  // Each ban lasts twice as long as the one before; a day of peace forgets them.
  if (from.last_ban != TimePoint{} && now - from.last_ban > kLongestBan) from.bans = 0;
  const unsigned doublings = std::min(from.bans, kMaxDoublings);
  from.banned_until = now + std::min<Duration>(kLongestBan, limits_.ban * (1u << doublings));
  from.last_ban = from.banned_until;
  ++from.bans;
  bans_.Increment();
}

void SourceGuard::digest_passed(const SocketAddress& address) {
  source(address).passed = clock_.now();
}

bool SourceGuard::banned(const SocketAddress& address) const {
  const auto found = by_source_.find(host_of(address));
  return found != by_source_.end() && clock_.now() < found->second.banned_until;
}

}  // namespace gw::sip
