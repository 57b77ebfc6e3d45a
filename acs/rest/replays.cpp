#include "acs/rest/replays.h"

#include <iterator>

namespace gw::acs::rest {

void Replays::performed(const std::string& signature, std::string_view id, TimePoint now) {
  while (!entries_.empty() &&
         (entries_.size() >= kMost || entries_.front().at + kRemembered < now)) {
    by_signature_.erase(entries_.front().signature);
    entries_.pop_front();
  }
  if (by_signature_.contains(signature)) return;  // The first one counts.
  entries_.push_back({signature, std::string(id), now});
  by_signature_[signature] = std::prev(entries_.end());
}

bool Replays::is_copy(const std::string& signature, std::string_view id, TimePoint now) const {
  const auto found = by_signature_.find(signature);
  if (found == by_signature_.end()) return false;
  const Entry& first = *found->second;
  if (now - first.at <= kRepeats || now - first.at > kRemembered) return false;
  return id.empty() || id != first.id;
}

}  // namespace gw::acs::rest
