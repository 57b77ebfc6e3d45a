#include "acs/edge/request_log.h"

#include <utility>

namespace gw::acs::edge {
namespace {
constexpr size_t kMaxPending = 64;  // More at once is no telephone.
// Of those that no acknowledgement has proven yet: a socket lost its last few answers, not
// hundreds, and an operator has thousands of devices.
constexpr size_t kMaxAnswered = 64;
constexpr size_t kMaxBytes = 32768;
}  // namespace

RequestLog::Begun RequestLog::begin(uint32_t id) {
  if (const auto known = tickets_.find(id); known != tickets_.end()) {
    const bool answered = requests_.at(known->second).answered;
    return {answered ? Seen::Answered : Seen::Pending, known->second};
  }
  if (requests_.size() - answered_.size() >= kMaxPending) return {Seen::TooMany};
  const uint32_t ticket = ++last_ticket_;
  requests_[ticket].id = id;
  tickets_[id] = ticket;
  return {Seen::Fresh, ticket};
}

void RequestLog::describe(uint32_t ticket, Kind kind, std::string call_id) {
  Request& request = requests_.at(ticket);
  request.kind = kind;
  request.call_id = std::move(call_id);
}

const RequestLog::Request* RequestLog::waiting(uint32_t ticket) const {
  const auto found = requests_.find(ticket);
  return found == requests_.end() || found->second.answered ? nullptr : &found->second;
}

const std::string& RequestLog::tell_again(uint32_t ticket, uint64_t last_event) {
  Request& request = requests_.at(ticket);
  request.after = last_event;
  return request.answer;
}

void RequestLog::finish(uint32_t ticket, std::string answer, uint64_t last_event) {
  Request& request = requests_.at(ticket);
  request.answered = true;
  if (request.id == 0) {
    requests_.erase(ticket);
    return;
  }
  request.answer = std::move(answer);
  request.after = last_event;
  bytes_ += request.answer.size();
  answered_.push_back(ticket);
  while (answered_.size() > 1 && (answered_.size() > kMaxAnswered || bytes_ > kMaxBytes)) drop(0);
}

void RequestLog::acknowledge(uint64_t event) {
  for (size_t i = 0; i < answered_.size();) {
    if (requests_.at(answered_[i]).after < event) {
      drop(i);
    } else {
      ++i;
    }
  }
}

void RequestLog::socket_changed() {
  for (const uint32_t ticket : answered_) requests_.at(ticket).after = kUnproven;
}

void RequestLog::begin_anew() {
  while (!answered_.empty()) drop(0);
  tickets_.clear();
  for (auto& [ticket, request] : requests_) request.id = 0;
}

void RequestLog::drop(size_t answered) {
  const auto request = requests_.find(answered_[answered]);
  bytes_ -= request->second.answer.size();
  tickets_.erase(request->second.id);
  requests_.erase(request);
  answered_.erase(answered_.begin() + static_cast<std::ptrdiff_t>(answered));
}

}  // namespace gw::acs::edge
