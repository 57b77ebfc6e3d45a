#pragma once

#include <optional>
#include <vector>

#include "gateway/policy/forwarding.h"
#include "gateway/policy/router.h"

namespace gw {

// Whom a call rings next: the ranks of its way in their order, and where a party that does not take
// it sends it on to in between. Pure. Owned by a Call or by one of its invitations.
class Hunt {
 public:
  explicit Hunt(policy::Routed routed) { ways_.push_back({std::move(routed)}); }

  void begin_anew(policy::Routed routed);  // Another way altogether: an application's.
  bool next();                             // To the next rank. False: there is none.

  const policy::Routed& way() const { return ways_.back().routed; }
  const policy::Rank& rank() const;  // The present one; once next() was true.

  // The party that this rank is for alone, apps that hear of it aside: only then it may send calls
  // on. In a group the others go on ringing.
  const policy::Party* alone() const;
  // What became of it in this rank.
  void note_failure(const policy::Party& party, const policy::HangupCause& cause);
  const std::optional<policy::HangupCause>& failure() const { return failure_; }

  // False: it did already, or too many have.
  bool may_forward(const policy::Party& by) const;
  // The next rank is the first of these; those of the way before come after.
  void forward(policy::Forward what, policy::Routed routed);
  const std::vector<policy::Forward>& forwards() const { return forwards_; }

 private:
  struct Way {
    policy::Routed routed;
    size_t next = 0;
  };
  std::vector<Way> ways_;  // The last is the present one; never empty.
  std::vector<policy::Forward> forwards_;
  std::optional<policy::HangupCause> failure_;
};

}  // namespace gw
