#include "acs/rest/repeatability.h"

#include <algorithm>
#include <utility>

#include "acs/rest/http_date.h"
#include "acs/rest/rest_error.h"

namespace gw::acs::rest {
namespace {

constexpr Duration kMaxAhead = 5min;  // As of signatures.

http::Response with_result(http::Response response, std::string_view result) {
  response.headers.emplace_back("Repeatability-Result", result);
  return response;
}

bool is_id(std::string_view id) {
  return id.size() >= 8 && id.size() <= 128 &&
         std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

void Repeatability::once(const http::Request& request, const Caller& caller, http::Respond respond,
                         const std::function<void(http::Respond)>& perform) {
  const std::string_view id = request.header("Repeatability-Request-ID");
  if (id.empty()) return perform(std::move(respond));
  const auto refuse = [&](RestError error) {
    respond(with_result(to_response(error), "rejected"));
  };
  if (!is_id(id)) {
    return refuse(
        {400, "BadRequest", "Repeatability-Request-ID is no id.", "Repeatability-Request-ID"});
  }
  const auto sent = parse_http_date(request.header("Repeatability-First-Sent"));
  const WallTime wall = clock_.wall();
  if (!sent || *sent > wall + kMaxAhead) {
    return refuse({400, "BadRequest", "Repeatability-First-Sent is no date of now or before.",
                   "Repeatability-First-Sent"});
  }
  if (*sent < wall - kRemembered) {
    return refuse({412, "PreconditionFailed",
                   "The request was first sent too long ago to know "
                   "whether it was performed."});
  }
  forget_old();
  const std::string key = caller.name + " " + std::string(id);
  const std::string asked = request.method + " " + request.target + "\n" + request.body;
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    Entry& entry = *known->second;
    if (entry.asked != asked) {
      return refuse({400, "BadRequest", "This Repeatability-Request-ID was another request's.",
                     "Repeatability-Request-ID"});
    }
    if (entry.answered) return respond(entry.answer);
    entry.waiting.push_back(std::move(respond));
    return;
  }
  entries_.push_back({key, asked, clock_.now(), false, {}, {}});
  by_key_[key] = std::prev(entries_.end());
  perform([this, key, respond = std::move(respond)](http::Response answer) {
    answer = with_result(std::move(answer), "accepted");
    settle(key, answer);
    respond(std::move(answer));
  });
}

void Repeatability::settle(const std::string& key, const http::Response& answer) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return;
  const auto entry = known->second;
  const std::vector<http::Respond> waiting = std::move(entry->waiting);
  if (answer.status >= 500 || answer.status == 429) {
    entries_.erase(entry);
    by_key_.erase(known);
  } else {
    entry->answered = true;
    entry->answer = answer;
  }
  for (const http::Respond& respond : waiting) respond(answer);
}

void Repeatability::forget_old() {
  const TimePoint now = clock_.now();
  while (!entries_.empty() &&
         (entries_.size() >= kMost || entries_.front().at + kRemembered < now)) {
    for (const http::Respond& respond : entries_.front().waiting) {
      respond(to_response({503, "ServiceUnavailable", "The request was not answered in time."}));
    }
    by_key_.erase(entries_.front().key);
    entries_.pop_front();
  }
}

}  // namespace gw::acs::rest
