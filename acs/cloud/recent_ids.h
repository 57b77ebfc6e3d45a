#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace gw::acs::cloud {

// The ids that were seen last, so that what is delivered twice acts once. Bounded: the oldest goes.
class RecentIds {
 public:
  explicit RecentIds(size_t kept) : kept_(kept) {}

  // False: seen already. An empty id is always new.
  bool add(const std::string& id) {
    if (id.empty()) return true;
    if (!known_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > kept_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  const size_t kept_;
  std::deque<std::string> order_;
  std::unordered_set<std::string> known_;
};

}  // namespace gw::acs::cloud
