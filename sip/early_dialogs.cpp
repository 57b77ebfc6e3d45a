#include "sip/early_dialogs.h"

#include <algorithm>

#include "sip/sip_view.h"

namespace gw::sip {

namespace {
constexpr size_t kMaxForks = 16;   // Early dialogs of one INVITE; more is a loop.
constexpr size_t kMaxPracks = 32;  // Of one fork; nobody rings in more steps.
}  // namespace

EarlyDialogs::Fork* EarlyDialogs::find(std::string_view tag) {
  const auto it = std::ranges::find(forks_, tag, &Fork::tag);
  return it == forks_.end() ? nullptr : &*it;
}

EarlyDialogs::Fork* EarlyDialogs::of(const sip_t& response) {
  const char* tag = response.sip_to && response.sip_to->a_tag ? response.sip_to->a_tag : "";
  if (Fork* known = find(tag)) return known;
  if (forks_.size() >= kMaxForks) return nullptr;
  Fork& fork = forks_.emplace_back();
  fork.tag = tag;
  return &fork;
}

void EarlyDialogs::forget(std::string_view tag) {
  std::erase_if(forks_, [&](const Fork& fork) { return fork.tag == tag; });
}

// RFC 3262 4: the first may have any number, the next one more; without a To tag there is no dialog
// to answer in.
EarlyDialogs::Reliable EarlyDialogs::receive(Fork& fork, const sip_t& response) {
  if (!response.sip_rseq || !requires_100rel(response) || fork.tag.empty()) return Reliable::No;
  const uint32_t rseq = response.sip_rseq->rs_response;
  if (rseq == 0 || (fork.rseq != 0 && rseq != fork.rseq + 1)) return Reliable::Ignored;
  if (fork.pracks.size() >= kMaxPracks) return Reliable::Ignored;
  fork.rseq = rseq;
  return Reliable::Fresh;
}

}  // namespace gw::sip
