#include "sip/sip_core.h"

#include "sip/invite_dialog.h"

namespace gw::sip {

Dialogs::Dialogs(Gauge& open) : open_(open) {}

Dialogs::~Dialogs() {
  clear();
}

InviteDialog& Dialogs::add(std::unique_ptr<InviteDialog> dialog) {
  InviteDialog& added = *dialog;
  by_id_.emplace(added.id(), std::move(dialog));
  open_.Set(static_cast<double>(by_id_.size()));
  return added;
}

InviteDialog* Dialogs::find(uint64_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second.get();
}

void Dialogs::erase(uint64_t id) {
  by_id_.erase(id);
  open_.Set(static_cast<double>(by_id_.size()));
}

void Dialogs::clear() {
  by_id_.clear();
  open_.Set(0);
}

SipCore::SipCore(SofiaLoop& l, const Clock& c, Random& r, Metrics& m, Log log_to)
    : loop(l),
      clock(c),
      random(r),
      metrics(m),
      log(std::move(log_to)),
      forked_answers(*this, c),
      dialogs(m.gauge("gw_sip_dialogs",
                      "INVITE dialogs, those finishing in the background included")) {}

// Legs and transactions go before their agent.
SipCore::~SipCore() {
  dialogs.clear();
}

void SipCore::post(Task task) {
  loop.post([alive = std::weak_ptr<bool>(alive_), task = std::move(task)]() mutable {
    if (!alive.expired()) task();
  });
}

}  // namespace gw::sip
