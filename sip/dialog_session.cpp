// The session timer of a dialog (RFC 4028): who is gone without a BYE is noticed.
#include "sip/invite_dialog.h"

namespace gw::sip {

namespace {
constexpr Duration kSoonest = 1s;  // After a refresh that failed.
}

void InviteDialog::learn(const sip_t& message) {
  if (message.sip_allow) update_allowed_ = allows(message, "UPDATE");
}

void InviteDialog::session_asked(const sip_t& request) {
  session_ = session_timer_of(request, session_ ? session_->interval : core_.session_expires);
}

// A 2xx without Session-Expires to a request of ours: they take no part, and we miss nobody; what
// we refresh does no harm.
void InviteDialog::session_agreed(const sip_t& response) {
  const auto agreed = session_timer_agreed(response);
  if (agreed || (session_ && !session_->we_refresh)) session_ = agreed;
}

void InviteDialog::session_refreshed() {
  if (session_due_) core_.loop.cancel(session_due_);
  session_due_ = {};
  if (!session_) return;
  session_ends_ = core_.clock.now() + session_->interval;
  refresh_failed_ = false;
  session_due_ = core_.loop.after(session_->due(), [dialogs = &core_.dialogs, id = id_] {
    if (InviteDialog* dialog = dialogs->find(id)) dialog->on_session_timer();
  });
}

void InviteDialog::on_session_timer() {
  session_due_ = {};
  if (state_ != State::Confirmed || !session_) return;
  if (!session_->we_refresh || (refresh_failed_ && core_.clock.now() >= session_ends_)) {
    core_.log.info("session expired without a refresh", {{"sip_call_id", sip_call_id_}});
    return lost();
  }
  if (update_allowed_.value_or(true)) return refresh_by_update();
  refresh_again_later();  // Unless it succeeds before.
  tell([](DialogObserver& o) { o.on_refresh_due(); });
}

// UPDATE without SDP: nothing about the media changes.
void InviteDialog::refresh_by_update() {
  refresh_ = request(
      SIP_METHOD_UPDATE,
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
        reinterpret_cast<InviteDialog*>(self)->on_refreshed(sip);
        return 0;
      },
      auth_.lines("UPDATE", remote_target()) + session_->request_lines());
  if (!refresh_) refresh_again_later();
}

void InviteDialog::refresh_again_later() {
  if (!session_ || !session_->we_refresh || state_ != State::Confirmed) return;
  refresh_failed_ = true;
  if (session_due_) core_.loop.cancel(session_due_);
  const Duration left = session_ends_ - core_.clock.now();
  session_due_ = core_.loop.after(std::max<Duration>(kSoonest, left / 2),
                                  [dialogs = &core_.dialogs, id = id_] {
                                    if (InviteDialog* dialog = dialogs->find(id))
                                      dialog->on_session_timer();
                                  });
}

void InviteDialog::on_refreshed(const sip_t* response) {
  const int status = response && response->sip_status ? response->sip_status->st_status : 408;
  if (status < 200) return;
  const OutgoingPtr sent = std::move(refresh_);
  if (state_ != State::Confirmed || !session_) return finish_if_idle();
  if (status < 300) {
    session_agreed(*response);
    return session_refreshed();
  }
  if (status == 408 || status == 481) return lost();  // RFC 4028 10
  if (status == 422 && shortest_session_of(*response) > session_->interval) {
    session_->interval = shortest_session_of(*response);
    return refresh_by_update();
  }
  if (status == 401 || status == 407) {
    const auto lines = auth_.answer(*response, "UPDATE", remote_target());
    if (lines) return refresh_by_update();
  }
  // 405, 501, and whatever else a peer says that promised less than it has: a re-INVITE does for
  // everybody.
  if (status != 491 && status != 500) update_allowed_ = false;
  if (status == 491 || status == 500) return refresh_again_later();
  on_session_timer();
}

}  // namespace gw::sip
