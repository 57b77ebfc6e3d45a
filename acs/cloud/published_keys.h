#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "acs/cloud/api_client.h"
#include "acs/cloud/key_set.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

namespace gw::acs::cloud {

// The keys that ACS signs callbacks and WebSocket upgrades with: found by the OpenID metadata, kept
// for a day, fetched anew when a token names a key that is not among them (keys are rotated), but
// not more than once in 20 s: tokens come from anybody. Old keys stay in force while no new ones
// can be had. Owned by the CloudService; on its thread alone.
class PublishedKeys {
 public:
  // nullptr: no such key is published, or nothing could be fetched. Valid during the call.
  using Found = std::function<void(const PublishedKey*)>;

  // `metadata_url`: the issuer's OpenID configuration.
  PublishedKeys(std::string metadata_url, Carrier& carrier, const Clock& clock, Metrics& metrics,
                Log log);

  void fetch();  // At start: the first callback need not wait.

  // At once when the key is there, else after the keys were fetched.
  void find(const std::string& key_id, Found found);

 private:
  struct Waiting {
    std::string key_id;
    Found found;
  };
  void on_metadata(const Result<http::Response>& answer);
  void on_keys(const Result<http::Response>& answer);
  void get(const std::string& url, void (PublishedKeys::*then)(const Result<http::Response>&));
  void done(const std::string& trouble);
  const PublishedKey* lookup(const std::string& key_id) const;
  bool may_fetch() const;

  // Given to us.
  const std::string metadata_url_;
  Carrier& carrier_;
  const Clock& clock_;
  const Log log_;
  Counter& fetched_;
  Counter& failed_;

  // State.
  std::vector<PublishedKey> keys_;
  std::deque<Waiting> waiting_;
  bool fetching_ = false;
  bool tried_ = false;
  TimePoint tried_at_{}, fetched_at_{};
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gw::acs::cloud
