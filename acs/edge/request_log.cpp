#include "acs/edge/request_log.h"

#include <utility>

namespace gw::acs::edge {
namespace {
constexpr size_t kMaxPending = 64;    // More at once is no telephone.
constexpr size_t kMaxAnswered = 512;  // A socket lost its last few answers, not hundreds.
constexpr size_t kMaxBytes = 262144;
}  // namespace

RequestLog::Seen RequestLog::begin(uint32_t id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) return found->second.answered ? Seen::Answered : Seen::Pending;
  if (entries_.size() - answered_.size() >= kMaxPending) return Seen::TooMany;
  entries_[id];
  return Seen::Fresh;
}

void RequestLog::describe(uint32_t id, Pending what) {
  entries_[id].what = std::move(what);
}

std::string RequestLog::call_of(uint32_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::string() : found->second.what.call_id;
}

std::optional<RequestLog::Pending> RequestLog::finish(uint32_t id, std::string answer) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.answered) return std::nullopt;
  Entry& entry = found->second;
  Pending what = entry.what;
  entry.answered = true;
  entry.answer = std::move(answer);
  bytes_ += entry.answer.size();
  answered_.push_back(id);
  while (answered_.size() > 1 && (answered_.size() > kMaxAnswered || bytes_ > kMaxBytes))
    drop_oldest();
  return what;
}

void RequestLog::forget_answers() {
  while (!answered_.empty()) drop_oldest();
}

void RequestLog::drop_oldest() {
  const auto oldest = entries_.find(answered_.front());
  bytes_ -= oldest->second.answer.size();
  entries_.erase(oldest);
  answered_.pop_front();
}

}  // namespace gw::acs::edge
