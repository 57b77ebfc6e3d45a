#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "gateway/policy/hangup_cause.h"
#include "gateway/policy/router.h"
#include "media/engine/media_engine.h"

namespace gw {

class Leg;

// A party wants another party to take its place: somebody to be called, or who it talks with in
// another call of its own.
struct TransferRequest {
  std::string number;     // As the party dials; of an attended transfer, empty.
  std::string caller_id;  // As a user asks for one.
  std::vector<std::pair<std::string, std::string>> headers;  // User-To-User and X-MS-Custom-*.
  std::optional<uint64_t> dialog;                            // The other call: its SIP dialog ...
  std::string user_call;  // ... or as the user's library names it.
};
enum class TransferStep { Trying, Ringing, Done, Failed };

// How a party is shown to users: "4:+14255550100", "8:acs:...", and its name.
struct PartyName {
  std::string raw_id, display_name;
  bool operator==(const PartyName&) const = default;
};

// Somebody else in the call.
struct OtherParty {
  uint64_t key = 0;  // The same as long as it is in the call, and of no other.
  PartyName name;
  bool held = false, muted = false, speaks = false;
  bool operator==(const OtherParty&) const = default;
};

// What a Leg tells its Call. Signalling thread; never from inside a call of the Call's.
class LegObserver {
 public:
  virtual ~LegObserver() = default;

  // The party that we called.
  virtual void on_ringing(Leg& leg) = 0;
  virtual void on_early_media(Leg& leg) = 0;  // It sends sound before it answers (RFC 3960).
  virtual void on_delayed(
      Leg& leg, int status) = 0;  // Its network sends the call on (181) or queues it (182).
  virtual void on_answered(Leg& leg) = 0;

  // Either party.
  virtual void on_media_ready(
      Leg& leg) = 0;  // Its transport is up: nothing said from now on is lost.
  virtual void on_hold(Leg& leg, bool on) = 0;
  virtual void on_digits(Leg& leg, std::string_view digits, Duration length, Duration gap) = 0;
  virtual void on_transfer_wanted(Leg& leg, const TransferRequest& request) = 0;
  virtual void on_ended(
      Leg& leg,
      const policy::HangupCause& cause) = 0;  // Refused, hung up, lost; the last of a leg.
};

// One party of a call, whatever its network. Owned by its Call; signalling thread. A leg owns its
// media port(s) within the call's session. Methods that the state does not allow do nothing.
class Leg {
 public:
  virtual ~Leg() = default;

  virtual const policy::Party& party() const = 0;
  virtual std::string_view kind() const = 0;  // "sip", "edge", "echo": for logs and CDRs.
  virtual policy::Far far() const = 0;        // How causes at the other end name this leg.

  // Calls the party. An Error when it cannot even be tried.
  virtual Result<void> start() = 0;

  // A party that called us. `codecs_first`: what the other party speaks or will most likely speak,
  // so that it is met and packets pass as they are.
  virtual void ring(bool with_our_ringback,
                    const std::vector<media::Codec>& codecs_first) = 0;  // The other side rings.
  virtual void early_media(
      const std::vector<media::Codec>& codecs_first) = 0;  // Its sound comes before its answer.
  virtual void delay(int) {}  // 181 or 182: it takes longer. Who hears of it needs do nothing.
  virtual Result<void> answer(const std::vector<media::Codec>& codecs_first) = 0;

  // Both parties talk from now on.
  virtual void connected() = 0;

  // The other party held or resumed us.
  virtual void set_remote_hold(bool on) = 0;

  // What becomes of the transfer that it asked for.
  virtual void on_transfer(TransferStep, const policy::HangupCause&) {}
  // It talks with somebody else from now on.
  virtual void meet(const PartyName&) {}
  // All of them, whenever something of it changed.
  virtual void show_others(const std::vector<OtherParty>&) {}
  // It is its party's leg in the call that a transfer names.
  virtual bool is_meant_by(const TransferRequest&) const { return false; }

  // Ends it towards its network: refusal, CANCEL, BYE, or what the user's device is told. No
  // callback follows. `by_remote` = the other party ended the call (false: we did).
  virtual void end(const policy::HangupCause& cause, bool by_remote) = 0;

  // The port that carries its sound now; none before start or when nothing is settled yet.
  virtual PortId port() const = 0;
  virtual std::vector<PortId> ports() const = 0;  // All it opened, losers included.
  virtual bool owns(PortId port) const = 0;
  // What was agreed; before that what it offered, or what we offer it: to meet on the other leg.
  virtual std::vector<media::Codec> codecs() const = 0;

  virtual void on_media(const media::MediaEvent& event) = 0;  // Events of its ports, from the Call.

  // It is a party of another call from now on, and so are its ports: that call hears of it.
  virtual void move_to(LegObserver& call, SessionId session) = 0;

  virtual bool locally_held() const = 0;  // The party itself holds the call.
  virtual bool media_ready() const = 0;
  virtual bool wants_hold_music() const { return true; }  // While the other party holds it.
  // It sends something of its own to whom it holds.
  virtual bool brings_hold_music() const { return false; }
  // Started is ringing: a user's devices, who are known to be there.
  virtual bool rings_at_once() const { return false; }
  // Answered as soon as it was started: the echo user.
  virtual bool answers_itself() const { return false; }
  // In line for its trunk: it takes no room there yet.
  virtual bool waits_for_room() const { return false; }
  // Drives the call; alone with it nobody talks with anybody.
  virtual bool is_application() const { return false; }
};

}  // namespace gw
