#include "gateway/call/transfer.h"

namespace gw {

void Transfer::begin() {
  transferor_->on_transfer(TransferStep::Trying, {});
}

void Transfer::rings() {
  if (state_ == State::Trying) move_to(State::Ringing);
}

void Transfer::done() {
  move_to(State::Done, {policy::Cause::Transferred});
}

void Transfer::fail(const policy::HangupCause& cause) {
  move_to(State::Failed, cause);
}

void Transfer::move_to(State state, const policy::HangupCause& cause) {
  if (is_over()) return;
  state_ = state;
  switch (state) {
    case State::Trying: return;
    case State::Ringing: return transferor_->on_transfer(TransferStep::Ringing, cause);
    case State::Done: return transferor_->on_transfer(TransferStep::Done, cause);
    case State::Failed: return transferor_->on_transfer(TransferStep::Failed, cause);
  }
}

}  // namespace gw
