#include "sip/registrar.h"

#include <algorithm>
#include <utility>

namespace gw::sip {
namespace {

constexpr size_t kMaxUri = 512;       // Of a contact; the longest seen from a phone was 180.
constexpr size_t kMaxInstance = 128;  // "<urn:uuid:...>" has 47.
constexpr size_t kMaxText = 256;      // Call-ID and User-Agent.
constexpr long kMaxFlows = 4;         // Of one instance; RFC 5626 4.2.1 asks phones for two.

// RFC 3261 10.3: a binding is named by its URI; a device that names itself (RFC 5626) keeps one
// binding when its port or address changes, one a flow.
bool same_device(const Binding& binding, const Registrar::Contact& contact) {
  if (!contact.instance.empty() && !binding.instance.empty()) {
    return binding.instance == contact.instance && binding.reg_id == contact.reg_id;
  }
  return binding.contact_uri == contact.uri;
}

bool same_instance(const Binding& a, const Binding& b) {
  return a.reg_id && b.reg_id && a.instance == b.instance;
}

size_t devices(const std::vector<Binding>& bindings) {
  size_t count = 0;
  for (auto at = bindings.begin(); at != bindings.end(); ++at) {
    const auto same = [&](const Binding& before) { return same_instance(before, *at); };
    if (std::none_of(bindings.begin(), at, same)) ++count;
  }
  return count;
}

bool too_many_flows(const std::vector<Binding>& bindings) {
  return std::ranges::any_of(bindings, [&](const Binding& one) {
    return std::ranges::count_if(bindings, [&](const Binding& other) {
             return same_instance(one, other);
           }) > kMaxFlows;
  });
}

bool stale(const Binding& binding, const Registrar::Request& request) {
  return binding.call_id == request.call_id && request.cseq <= binding.cseq;
}

Result<void> check(const Registrar::Request& request) {
  if (request.username.empty()) return fail(ErrorCode::InvalidArgument, "REGISTER without a user");
  if (request.call_id.empty() || request.call_id.size() > kMaxText) {
    return fail(ErrorCode::InvalidArgument, "Call-ID is missing or too long");
  }
  if (request.remove_all) {
    // RFC 3261 10.2.2: "*" stands alone, with Expires: 0.
    if (!request.contacts.empty() || request.expires != 0u) {
      return fail(ErrorCode::InvalidArgument, "Contact: * needs Expires: 0 and no other contact");
    }
    return {};
  }
  for (const auto& contact : request.contacts) {
    if (contact.uri.empty() || contact.uri.size() > kMaxUri ||
        contact.instance.size() > kMaxInstance) {
      return fail(ErrorCode::InvalidArgument, "a contact is empty or too long");
    }
    if (!contact.uri.starts_with("sip:") && !contact.uri.starts_with("sips:")) {
      return fail(ErrorCode::InvalidArgument, "a contact is neither sip nor sips");
    }
  }
  return {};
}

std::vector<Binding> unexpired(const std::vector<Binding>& bindings, WallTime now) {
  std::vector<Binding> out;
  std::ranges::copy_if(bindings, std::back_inserter(out),
                       [now](const Binding& b) { return b.expires > now; });
  return out;
}

}  // namespace

Registrar::Registrar(const Clock& clock, Metrics& metrics, Limits limits)
    : clock_(clock),
      limits_(limits),
      registered_(metrics.gauge("gw_sip_registrations", "Bindings of phones now in force")) {}

Result<std::vector<Binding>> Registrar::handle(const Request& request) {
  if (auto checked = check(request); !checked) return tl::unexpected(checked.error());
  const WallTime now = clock_.wall();
  const auto known = by_user_.find(request.username);
  static const std::vector<Binding> kNone;
  const auto& before = known == by_user_.end() ? kNone : known->second;
  if (request.contacts.empty() && !request.remove_all) return unexpired(before, now);

  // RFC 3261 10.3: all of a REGISTER or nothing of it. Work on a copy.
  std::vector<Binding> after = unexpired(before, now);
  std::vector<Change> changes;
  auto removed = [&](std::vector<Binding>::iterator at) {
    changes.push_back({Change::Kind::Removed, std::move(*at)});
    return after.erase(at);
  };
  for (const Binding& gone : before) {
    if (gone.expires <= now) changes.push_back({Change::Kind::Expired, gone});
  }
  if (request.remove_all) {
    if (std::ranges::any_of(after, [&](const Binding& b) { return stale(b, request); })) {
      return fail(ErrorCode::Conflict, "CSeq is not above the one seen");
    }
    while (!after.empty()) removed(after.begin());
  }

  for (const Contact& contact : request.contacts) {
    const uint32_t fallback_s = static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(limits_.fallback).count());
    const auto asked =
        std::chrono::seconds(contact.expires.value_or(request.expires.value_or(fallback_s)));
    const auto found =
        std::ranges::find_if(after, [&](const Binding& b) { return same_device(b, contact); });
    // A retransmission must find the same answer: an equal CSeq that changes nothing else is the
    // transaction layer's.
    if (found != after.end() && stale(*found, request)) {
      return fail(ErrorCode::Conflict, "CSeq is not above the one seen");
    }
    if (asked == 0s) {
      if (found != after.end()) removed(found);
      continue;
    }
    if (asked < limits_.min) {
      return fail(ErrorCode::NotAcceptable, "expires is below the minimum");
    }
    Binding binding{.username = request.username,
                    .contact_uri = contact.uri,
                    .instance = contact.instance,
                    .transport = request.transport,
                    .source = request.source,
                    .network = request.network,
                    .user_agent = request.user_agent.substr(0, kMaxText),
                    .call_id = request.call_id,
                    .cseq = request.cseq,
                    .expires = now + std::min<Duration>(asked, limits_.max),
                    .reg_id = contact.reg_id,
                    .path = request.path};
    if (found != after.end()) {
      *found = binding;
      changes.push_back({Change::Kind::Refreshed, std::move(binding)});
      continue;
    }
    after.push_back(binding);
    changes.push_back({Change::Kind::Added, std::move(binding)});
  }
  // Counted at the end, so that a phone may replace its old binding in the same request.
  if (too_many_flows(after)) return fail(ErrorCode::Exhausted, "too many flows");
  if (devices(after) > request.max_devices && devices(after) > devices(before)) {
    return fail(ErrorCode::Exhausted, "too many devices");
  }

  std::ranges::stable_sort(after, std::greater{}, &Binding::expires);
  std::vector<Binding> in_force = after;
  count_ = count_ - before.size() + after.size();
  if (after.empty()) {
    by_user_.erase(request.username);
  } else {
    by_user_[request.username] = std::move(after);
  }
  report(changes);
  return in_force;
}

void Registrar::report(const std::vector<Change>& changes) {
  registered_.Set(static_cast<double>(count_));
  if (!on_change) return;
  for (const Change& change : changes) on_change(change);
}

std::vector<Binding> Registrar::bindings(std::string_view username) const {
  const auto found = by_user_.find(username);
  if (found == by_user_.end()) return {};
  return unexpired(found->second, clock_.wall());
}

std::vector<Binding> Registrar::all() const {
  std::vector<Binding> out;
  for (const auto& [user, bindings] : by_user_) {
    for (Binding& binding : unexpired(bindings, clock_.wall())) out.push_back(std::move(binding));
  }
  return out;
}

void Registrar::restore(std::vector<Binding> bindings) {
  const WallTime now = clock_.wall();
  for (Binding& binding : bindings) {
    if (binding.expires <= now || binding.username.empty()) continue;
    auto& of_user = by_user_[binding.username];
    of_user.push_back(std::move(binding));
    ++count_;
  }
  for (auto& [user, of_user] : by_user_) {
    std::ranges::stable_sort(of_user, std::greater{}, &Binding::expires);
  }
  report({});
}

void Registrar::expire() {
  const WallTime now = clock_.wall();
  std::vector<Change> changes;
  for (auto user = by_user_.begin(); user != by_user_.end();) {
    std::erase_if(user->second, [&](const Binding& binding) {
      if (binding.expires > now) return false;
      changes.push_back({Change::Kind::Expired, binding});
      return true;
    });
    user = user->second.empty() ? by_user_.erase(user) : std::next(user);
  }
  count_ -= changes.size();
  if (!changes.empty()) report(changes);
}

void Registrar::flow_failed(const Binding& flow) {
  const auto user = by_user_.find(flow.username);
  if (user == by_user_.end()) return;
  std::vector<Change> changes;
  std::erase_if(user->second, [&](const Binding& binding) {
    if (!same_instance(binding, flow) || binding.reg_id != flow.reg_id ||
        binding.source != flow.source) {
      return false;
    }
    changes.push_back({Change::Kind::Removed, binding});
    return true;
  });
  if (user->second.empty()) by_user_.erase(user);
  count_ -= changes.size();
  if (!changes.empty()) report(changes);
}

void Registrar::remove(std::string_view username, std::string_view contact_uri) {
  const auto user = by_user_.find(username);
  if (user == by_user_.end()) return;
  std::vector<Change> changes;
  std::erase_if(user->second, [&](const Binding& binding) {
    if (binding.contact_uri != contact_uri) return false;
    changes.push_back({Change::Kind::Removed, binding});
    return true;
  });
  if (user->second.empty()) by_user_.erase(user);
  count_ -= changes.size();
  if (!changes.empty()) report(changes);
}

}  // namespace gw::sip
