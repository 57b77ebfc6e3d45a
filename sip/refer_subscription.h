#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gw::sip {

// The subscription that a REFER makes (RFC 3515 2.4.4): what became of it is said by NOTIFYs, one
// after the other, and the final status ends it. Part of an InviteDialog. Pure.
class ReferSubscription {
 public:
  // `id`: CSeq of the REFER when it is not the dialog's first. `wanted` false: the peer asked for
  // silence (RFC 4488).
  ReferSubscription(std::optional<uint32_t> id, bool wanted) : id_(id), wanted_(wanted) {}

  // 100..699. A provisional status that nobody heard yet gives way to a later one; nothing follows
  // a final one.
  bool tell(int status);

  struct Notify {
    std::string headers, body;  // "Event: ...\r\nSubscription-State: ...\r\n" and the sipfrag.
  };
  std::optional<Notify> next();  // To be sent now: none while one is under way.
  void answered(int status);     // Of that one. A refusal or silence ends it: nobody listens.

  bool told_all() const { return final_; }
  bool over() const { return (final_ || !wanted_) && !waiting_ && !under_way_; }

 private:
  const std::optional<uint32_t> id_;
  bool wanted_;
  bool final_ = false;
  bool under_way_ = false;
  std::optional<int> waiting_;
};

}  // namespace gw::sip
