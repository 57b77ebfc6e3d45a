#include "sip/invite_dialog.h"

namespace gw::sip {

DialogHandle::DialogHandle(InviteDialog& dialog)
    : dialog_(&dialog), sip_call_id_(dialog.sip_call_id()), id_(dialog.id()) {
  dialog.handle_ = this;
}

DialogHandle::~DialogHandle() {
  if (!dialog_) return;
  end({});
  if (!dialog_) return;
  const OwnerCall inside(dialog_->core_);
  dialog_->handle_ = nullptr;
  dialog_->owner_left();
}

bool DialogHandle::progress(int status, std::optional<std::string> sdp) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->progress(status, sdp);
}

bool DialogHandle::answer(std::string sdp) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->answer(sdp);
}

bool DialogHandle::refuse(int status, std::string_view phrase, const Reason& reason,
                          std::vector<std::pair<std::string, std::string>> headers) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->refuse(status, phrase, reason, headers);
}

bool DialogHandle::acknowledge(std::string sdp) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->acknowledge(sdp);
}

bool DialogHandle::offer(std::string sdp) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->offer(std::move(sdp));
}

bool DialogHandle::accept_offer(std::string sdp) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->accept_offer(sdp);
}

bool DialogHandle::refuse_offer(int status,
                                std::vector<std::pair<std::string, std::string>> headers) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->refuse_offer(status, headers);
}

bool DialogHandle::info(std::string_view content_type, std::string_view body) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->info(content_type, body);
}

bool DialogHandle::accept_referral() {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->accept_referral();
}

bool DialogHandle::refuse_referral(int status) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->refuse_referral(status);
}

bool DialogHandle::notify_referral(int status) {
  if (!dialog_) return false;
  const OwnerCall inside(dialog_->core_);
  return dialog_->notify_referral(status);
}

void DialogHandle::end(const Reason& reason) {
  if (!dialog_) return;
  const OwnerCall inside(dialog_->core_);
  dialog_->end(reason);
}

}  // namespace gw::sip
