#include "sip/source_guard.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/text.h"

namespace gw::sip {
namespace {

constexpr Duration kFailureWindow = 1min;
constexpr Duration kFloodWindow = 10s;
constexpr Duration kLongestBan = 24h;
constexpr Duration kKnownAfterPass = 1h;
constexpr unsigned kKnownFactor = 4;  // One phone with an old password must not silence the office.
constexpr unsigned kMaxDoublings = 12;
// Against [limits] scans, where a challenge without an answer is 1.
constexpr unsigned kScannersAgent = 20, kMalformed = 10;
// An emergency call is two INVITEs. An office on fire makes some at once; what is over goes the
// ordinary way.
constexpr double kEmergencies = 2, kEmergenciesAtOnce = 20;           // Of one source.
constexpr double kStrangersEmergencies = 50, kStrangersAtOnce = 200;  // Of all that are not known.
constexpr int kRoomTries = 8;

SocketAddress host_of(SocketAddress address) {
  if (!address.empty()) address.set_port(0);
  return address;
}

Counter& refused(Metrics& metrics, const char* reason) {
  return metrics.counter("gw_sip_source_refused_total",
                         "Requests that met a limit of their source address", {{"reason", reason}});
}

Counter& bans(Metrics& metrics, const char* reason) {
  return metrics.counter("gw_sip_bans_total",
                         "Source addresses banned, for failed digests, for floods or for scans",
                         {{"reason", reason}});
}

bool within(const std::vector<AddressRange>& ranges, const SocketAddress& address) {
  return std::ranges::any_of(ranges, [&](const AddressRange& r) { return r.contains(address); });
}

}  // namespace

bool is_scanner(std::string_view user_agent) {
  // What the usual tools send unless told otherwise. Whoever hides better is left to the bans.
  static constexpr std::array<std::string_view, 12> kTools{
      "friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sipsak",
      "sundayddr",        "iwar",       "sivus",  "smap",     "pplsip",
      "vaxsipuseragent",  "sipscan"};
  const std::string lower = lower_case(user_agent.substr(0, 128));
  return std::ranges::any_of(
      kTools, [&](std::string_view tool) { return lower.find(tool) != std::string::npos; });
}

SourceGuard::SourceGuard(const SourceLimits& limits, const Clock& clock, Metrics& metrics,
                         size_t max_sources)
    : limits_(limits),
      clock_(clock),
      max_sources_(std::max<size_t>(1, max_sources)),
      over_rate_(refused(metrics, "rate")),
      scanners_(refused(metrics, "scanner")),
      refused_banned_(refused(metrics, "banned")),
      refused_denied_(refused(metrics, "denied")),
      bans_{&sip::bans(metrics, "digest"), &sip::bans(metrics, "rate"),
            &sip::bans(metrics, "scan")} {}

unsigned SourceGuard::Tally::add(unsigned more, Duration window, TimePoint now) {
  if (count == 0 || now - since > window) {
    count = 0;
    since = now;
  }
  return count += more;
}

SourceGuard::Source& SourceGuard::source(const SocketAddress& address) {
  const SocketAddress host = host_of(address);
  if (const auto found = by_source_.find(host); found != by_source_.end()) {
    oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.age);
    return found->second;
  }
  if (by_source_.size() >= max_sources_) make_room(clock_.now());
  oldest_first_.push_back(host);
  Source& fresh = by_source_[host];
  fresh.age = std::prev(oldest_first_.end());
  return fresh;
}

// Datagrams from made-up addresses must not push out who is known and who is banned, so these are
// passed over; a few of them, for this is done for every datagram of such a flood.
void SourceGuard::make_room(TimePoint now) {
  for (int n = 0; n < kRoomTries; ++n) {
    const Source& oldest = by_source_.at(oldest_first_.front());
    if (!known(oldest, now) && now >= oldest.banned_until) break;
    oldest_first_.splice(oldest_first_.end(), oldest_first_, oldest_first_.begin());
  }
  banned_.erase(oldest_first_.front());
  by_source_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

Admission SourceGuard::admit(const SocketAddress& address, std::string_view user_agent) {
  if (denied(address)) {
    refused_denied_.Increment();
    return Admission::Silence;
  }
  const TimePoint now = clock_.now();
  Source& from = source(address);
  if (now < from.banned_until) {
    refused_banned_.Increment();
    return Admission::Silence;
  }
  if (is_scanner(user_agent)) {
    scanners_.Increment();
    suspect(address, kScannersAgent);
    return Admission::Silence;
  }
  // A rate below one a second still lets a single request through.
  const double rate = limits_.requests_per_second;
  if (rate <= 0 || from.requests.take(rate, std::max(1.0, 2 * rate), now)) return Admission::Pass;

  over_rate_.Increment();
  if (limits_.over_rate > 0 && !known(from, now) &&
      from.refusals.add(1, kFloodWindow, now) >= limits_.over_rate) {
    ban(address, from, Why::Rate, now);
    return Admission::Silence;
  }
  if (from.refused != TimePoint{} && now - from.refused < 1s) return Admission::Silence;
  from.refused = now;
  return Admission::Refuse;
}

bool SourceGuard::admit_emergency(const SocketAddress& address) {
  if (denied(address)) return false;
  const TimePoint now = clock_.now();
  Source& from = source(address);
  const bool is_known = known(from, now);
  if (!is_known && now < from.banned_until) return false;
  if (!from.emergencies.take(kEmergencies, kEmergenciesAtOnce, now)) return false;
  return is_known || strangers_emergencies_.take(kStrangersEmergencies, kStrangersAtOnce, now);
}

void SourceGuard::digest_failed(const SocketAddress& address) {
  if (limits_.failed_digests == 0) return;
  const TimePoint now = clock_.now();
  Source& from = source(address);
  if (now < from.banned_until) return;
  const unsigned allowed = limits_.failed_digests * (known(from, now) ? kKnownFactor : 1);
  if (from.failures.add(1, kFailureWindow, now) >= allowed) ban(address, from, Why::Digest, now);
}

void SourceGuard::digest_passed(const SocketAddress& address) {
  Source& from = source(address);
  from.passed = clock_.now();
  from.suspicion.count = 0;
}

void SourceGuard::challenged(const SocketAddress& address) {
  suspect(address, 1);
}

void SourceGuard::malformed(const SocketAddress& address) {
  suspect(address, kMalformed);
}

void SourceGuard::suspect(const SocketAddress& address, unsigned weight) {
  if (limits_.scans == 0) return;
  const TimePoint now = clock_.now();
  Source& from = source(address);
  if (known(from, now) || now < from.banned_until) return;
  if (from.suspicion.add(weight, kFailureWindow, now) >= limits_.scans) {
    ban(address, from, Why::Scan, now);
  }
}

void SourceGuard::ban(const SocketAddress& address, Source& from, Why why, TimePoint now) {
  from.failures.count = from.refusals.count = from.suspicion.count = 0;
  if (limits_.ban <= Duration::zero()) return;
  // Each ban lasts twice as long as the one before; a day of peace forgets them.
  if (from.last_ban != TimePoint{} && now - from.last_ban > kLongestBan) from.bans = 0;
  const unsigned doublings = std::min(from.bans, kMaxDoublings);
  from.banned_until = now + std::min<Duration>(kLongestBan, limits_.ban * (1u << doublings));
  from.last_ban = from.banned_until;
  from.why = why;
  ++from.bans;
  bans_[static_cast<size_t>(why)]->Increment();
  const SocketAddress host = host_of(address);
  banned_.insert(host);
  if (on_ban) on_ban(shown(host, from, now));
}

BannedSource SourceGuard::shown(const SocketAddress& host, const Source& from,
                                TimePoint now) const {
  static constexpr std::array<std::string_view, 3> kReasons{"digest", "rate", "scan"};
  return {.address = host,
          .reason = kReasons[static_cast<size_t>(from.why)],
          .left = from.banned_until - now,
          .times = from.bans};
}

bool SourceGuard::denied(const SocketAddress& address) const {
  if (limits_.allow.empty() && limits_.deny.empty()) return false;
  return within(limits_.deny, address) ||
         (!limits_.allow.empty() && !within(limits_.allow, address));
}

bool SourceGuard::banned(const SocketAddress& address) const {
  const auto found = by_source_.find(host_of(address));
  return found != by_source_.end() && clock_.now() < found->second.banned_until;
}

bool SourceGuard::known(const SocketAddress& address) const {
  const auto found = by_source_.find(host_of(address));
  return found != by_source_.end() && known(found->second, clock_.now());
}

bool SourceGuard::known(const Source& from, TimePoint now) const {
  return from.passed != TimePoint{} && now - from.passed < kKnownAfterPass;
}

std::vector<BannedSource> SourceGuard::bans() {
  const TimePoint now = clock_.now();
  std::vector<BannedSource> out;
  for (auto host = banned_.begin(); host != banned_.end();) {
    const auto found = by_source_.find(*host);
    if (found == by_source_.end() || now >= found->second.banned_until) {
      host = banned_.erase(host);
      continue;
    }
    out.push_back(shown(*host, found->second, now));
    ++host;
  }
  std::ranges::sort(out, std::ranges::greater{}, &BannedSource::left);
  return out;
}

bool SourceGuard::lift(const SocketAddress& address) {
  const auto found = by_source_.find(host_of(address));
  if (found == by_source_.end() || clock_.now() >= found->second.banned_until) return false;
  found->second.banned_until = TimePoint{};
  found->second.last_ban = TimePoint{};
  found->second.bans = 0;
  banned_.erase(found->first);
  return true;
}

}  // namespace gw::sip
