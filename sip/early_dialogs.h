#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sip/sofia_ptr.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

// The early dialogs of an INVITE of ours: one for each fork that answers (RFC 3261 12.1), with what
// of its provisional responses was told and which of its reliable ones was acknowledged last (RFC
// 3262 4). Part of an InviteClient.
class EarlyDialogs {
 public:
  struct Fork {
    std::string tag;
    bool told_sdp = false;
    uint32_t rseq = 0;  // Of its last reliable response; 0 = none so far.
    LegPtr leg;         // Made for its first PRACK.
    std::vector<OutgoingPtr> pracks;
  };

  // The fork that a provisional response is of; nullptr: one more than an honest INVITE has.
  Fork* of(const sip_t& response);
  Fork* find(std::string_view tag);
  void forget(std::string_view tag);  // 199 (RFC 6228).
  void clear() { forks_.clear(); }

  // Whether a response wants a PRACK, and is neither a repetition nor out of order: then it counts
  // as received.
  enum class Reliable { No, Fresh, Ignored };
  static Reliable receive(Fork& fork, const sip_t& response);

 private:
  std::vector<Fork> forks_;
};

}  // namespace gw::sip
