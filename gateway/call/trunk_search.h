#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "gateway/call/trunk_health.h"
#include "sip/dialog.h"
#include "sip/resolver.h"

namespace gw {

// Where an INVITE to a trunk goes, and where next: its targets in order, each looked up when its
// turn comes, the addresses of each in order (RFC 3263 4.3); what is known to be down comes last,
// of all targets. Tells TrunkHealth what a call met. Owned by a SipLeg; signalling thread.
class TrunkSearch {
 public:
  struct Target {
    std::string request_uri;
    sip::NameAddr to;
    sip::Resolver::Query query;
  };
  // One place to send the INVITE to.
  struct Place {
    std::string request_uri;
    sip::NameAddr to;
    sip::NextHop hop;
  };
  struct Settings {
    std::string trunk;
    std::vector<Target> targets;
    std::vector<int> retry_on;  // Statuses after which the next target is tried.
    bool emergency = false;     // Whatever was answered: somebody else may take it.
    std::string network{};      // By whose listeners INVITEs leave.
  };

  TrunkSearch(sip::Resolver& resolver, TrunkHealth* health, Settings settings, Log log);

  // Finds the next place, none when there is no more. An address that is known already is told from
  // inside this call.
  using Found = std::function<void(std::optional<Place>)>;
  void next(Found found);

  void heard(int status);  // From where we are: anything but a refusal.
  bool goes_on_after(
      const sip::Refusal& refusal);  // May another place be asked? Notes what this one is worth.

  void go_first_to(
      std::vector<Target> targets);  // Where we are, was said to be no longer the place (3xx).

  const std::string& last_failure() const { return last_failure_; }

 private:
  struct Waiting {
    size_t target;
    sip::NextHop hop;
  };
  void look_up();
  void on_resolved(size_t target, Result<std::vector<sip::NextHop>> hops);
  void take(std::deque<Waiting>& from);
  void skip_present_target();

  sip::Resolver& resolver_;
  TrunkHealth* const health_;
  Settings settings_;
  const Log log_;
  // A name that resolves late finds us gone.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  Found found_;
  size_t next_target_ = 0;
  std::deque<Waiting> ready_, down_;
  std::optional<Waiting> present_;
  std::string last_failure_;
};

}  // namespace gw
