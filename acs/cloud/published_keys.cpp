#include "acs/cloud/published_keys.h"

#include <algorithm>
#include <utility>

#include "acs/identity/any_case.h"

namespace gw::acs::cloud {
namespace {

constexpr Duration kFresh = 24h;
constexpr Duration kBetweenFetches = 20s;
constexpr Duration kDeadline = 10s;
constexpr size_t kMaxWaiting = 256;  // Callbacks while keys are on their way; more is a flood.

std::string scheme_of(const std::string& url) {
  return url.substr(0, url.find("://"));
}

}  // namespace

PublishedKeys::PublishedKeys(std::string metadata_url, Carrier& carrier, const Clock& clock,
                             Metrics& metrics, Log log)
    : metadata_url_(std::move(metadata_url)),
      carrier_(carrier),
      clock_(clock),
      log_(std::move(log)),
      fetched_(metrics.counter("gw_cloud_key_fetches_total",
                               "How often ACS's published keys were fetched.", {{"result", "ok"}})),
      failed_(metrics.counter("gw_cloud_key_fetches_total",
                              "How often ACS's published keys were fetched.",
                              {{"result", "failed"}})) {}

const PublishedKey* PublishedKeys::lookup(const std::string& key_id) const {
  const auto it = std::ranges::find(keys_, key_id, &PublishedKey::id);
  return it == keys_.end() ? nullptr : &*it;
}

bool PublishedKeys::may_fetch() const {
  return !tried_ || clock_.now() - tried_at_ >= kBetweenFetches;
}

void PublishedKeys::find(const std::string& key_id, Found found) {
  const PublishedKey* key = lookup(key_id);
  const bool stale = clock_.now() - fetched_at_ > kFresh;
  if (key && stale && may_fetch()) fetch();  // The old one serves until then.
  if (key) return found(key);
  if (!fetching_ && may_fetch()) fetch();
  if (!fetching_ || waiting_.size() >= kMaxWaiting) return found(nullptr);
  waiting_.push_back({key_id, std::move(found)});
}

void PublishedKeys::fetch() {
  if (std::exchange(fetching_, true)) return;
  tried_ = true;
  tried_at_ = clock_.now();
  get(metadata_url_, &PublishedKeys::on_metadata);
}

void PublishedKeys::get(const std::string& url,
                        void (PublishedKeys::*then)(const Result<http::Response>&)) {
  carrier_.send({"GET", url, {{"Accept", "application/json"}}, ""}, kDeadline,
                [this, alive = std::weak_ptr(alive_), then](Result<http::Response> answer) {
                  if (!alive.expired()) (this->*then)(answer);
                });
}

void PublishedKeys::on_metadata(const Result<http::Response>& answer) {
  if (!answer) return done(answer.error().detail);
  if (answer->status != 200) return done("the metadata answered " + std::to_string(answer->status));
  const auto metadata = nlohmann::json::parse(answer->body, nullptr, false);
  const std::string url = text_of(metadata, "jwks_uri");
  // Keys that came in the open could be anybody's.
  if (url.empty() || scheme_of(url) != scheme_of(metadata_url_)) {
    return done("the metadata names no jwks_uri on " + scheme_of(metadata_url_));
  }
  get(url, &PublishedKeys::on_keys);
}

void PublishedKeys::on_keys(const Result<http::Response>& answer) {
  if (!answer) return done(answer.error().detail);
  if (answer->status != 200) return done("the keys answered " + std::to_string(answer->status));
  auto keys = parse_key_set(answer->body);
  if (!keys) return done(keys.error().detail);
  keys_ = std::move(*keys);
  fetched_at_ = clock_.now();
  done("");
}

void PublishedKeys::done(const std::string& trouble) {
  fetching_ = false;
  if (trouble.empty()) {
    fetched_.Increment();
    log_.info("acs's keys were fetched", {{"keys", keys_.size()}});
  } else {
    failed_.Increment();
    log_.warn("acs's keys could not be fetched", {{"why", trouble}, {"old_keys", keys_.size()}});
  }
  for (Waiting& one : std::exchange(waiting_, {})) one.found(lookup(one.key_id));
}

}  // namespace gw::acs::cloud
