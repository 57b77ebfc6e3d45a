#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sip/event_subscription.h"
#include "sip/line_dialog.h"
#include "sip/sip_agent.h"
#include "sip/sip_core.h"
#include "sip/sip_view.h"

namespace gw::sip {

inline constexpr const char* kAllowEvents = "Allow-Events: dialog, message-summary\r\n";

class Subscriptions;

// A phone that watches (RFC 6665): the dialog that its SUBSCRIBE made, and the NOTIFYs in it.
// Owned by Subscriptions; signalling thread. Deleted only from the loop, never under a callback.
class Subscription {
 public:
  enum class Package { Dialog, MessageSummary };
  struct Watch {
    Package package = Package::Dialog;
    std::string id;       // Of Event, to be said again; mostly empty.
    std::string watcher;  // The phone.
    std::string user;     // Whom it watches, as the phone says it: "201",
    std::string line;     // and as the directory does.
    std::string entity;   // "sip:201@pbx.example.com"
  };

  Subscription(Subscriptions& all, uint64_t id, Watch watch, TimePoint until);
  ~Subscription();

  // Takes the message and answers 200. False: no dialog can be made of it, it is still the
  // caller's.
  bool begin(MsgPtr& message, const Listener& listener, const SocketAddress& source,
             Duration expires);

  void note_change() { state_.changed(); }
  void end(const std::string& reason) { state_.end(reason); }
  void proceed();  // Sends what is due, or waits for it.
  const Watch& watch() const { return watch_; }
  bool queued = false;  // It will proceed.

 private:
  static int on_leg_request(nta_leg_magic_t* self, nta_leg_t* leg, nta_incoming_t* transaction,
                            const sip_t* sip);
  int on_subscribe(nta_incoming_t* transaction, const sip_t& sip);
  void send(const EventSubscription::Notify& notify);
  void on_notify_response(const sip_t* response);
  std::string document(const EventSubscription::Notify& notify);
  void arm();
  void take_hop(msg_t& message);

  Subscriptions& all_;
  SipCore& core_;
  const uint64_t id_;
  const Watch watch_;
  EventSubscription state_;
  std::vector<LineDialog> told_;  // What the last document had: gone from the next, it has ended.
  NextHop hop_;                   // Where the phone is: maybe behind a NAT.
  const Listener* listener_ = nullptr;
  std::string contact_;
  LegPtr leg_;
  OutgoingPtr notify_;
  TimerId timer_;
};

// All of them: who may watch whom, how many, and who is told when a line changes. Part of Inbound.
class Subscriptions {
 public:
  Subscriptions(SipCore& core, SipDirectory& directory, const SipConfig& config);
  ~Subscriptions();

  // A SUBSCRIBE of a phone's that begins a dialog. The rejection, or the message was taken.
  std::optional<Rejection> begin(MsgPtr& message, const sip_t& sip, const std::string& phone,
                                 const Listener& listener, const SocketAddress& source);

  void line_changed(std::string_view line);
  void set_limits(const SipConfig& config);  // And ends those of phones and lines that are gone.
  void end_all(const std::string& reason);   // The gateway drains.
  size_t size() const { return by_id_.size(); }

 private:
  friend class Subscription;

  // How long it will last: 0 = it asks once (or ends); none = too short.
  std::optional<Duration> granted(const sip_t& sip) const;
  Rejection too_brief() const;
  void queue(Subscription& subscription, uint64_t id);
  void proceed_with_some();
  void erase(uint64_t id);
  void erase_later(uint64_t id);

  SipCore& core_;
  SipDirectory& directory_;
  Duration min_{}, max_{};
  std::string domain_;
  Gauge& open_;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Subscription>> by_id_;
  std::map<std::string, std::set<uint64_t>, std::less<>> by_line_;
  std::map<std::string, size_t, std::less<>> of_phone_;
  std::deque<uint64_t> waiting_;
  bool posted_ = false;
};

}  // namespace gw::sip
