#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "sip/invite.h"

namespace gw::sip {

// One device of a phone: where it said it is and where it really came from.
struct Binding {
  std::string username;
  std::string contact_uri;  // As registered; becomes the Request-URI.
  std::string instance;     // +sip.instance (RFC 5626), may be empty.
  Transport transport = Transport::Udp;
  SocketAddress source;  // Requests go here: the NAT's address, or the phone's TCP/TLS connection.
  std::string network;  // Of the listener that it registered at, and is called by; empty = of none.
  std::string user_agent;
  std::string call_id;
  uint32_t cseq = 0;
  WallTime expires{};
  uint32_t reg_id = 0;  // Of a flow (RFC 5626): one of several ways to the same instance; 0 = none.
  std::vector<std::string>
      path{};  // Proxies on the way to it (RFC 3327), the one next to us first.
};

// The location service: who is registered where (RFC 3261 10). Pure: REGISTER's contacts in,
// bindings out; transport and digest are the agent's. Owned by App, signalling thread. Every change
// reaches `changed`, which the store keeps over a restart.
class Registrar {
 public:
  struct Contact {
    std::string uri;
    std::string instance;
    std::optional<uint32_t> expires;  // The contact's own; else the header's; else the default.
    uint32_t reg_id = 0;
  };
  struct Request {
    std::string username, call_id, user_agent;
    uint32_t cseq = 0;
    std::optional<uint32_t> expires;
    std::vector<Contact> contacts;  // Empty = a query.
    bool remove_all = false;        // Contact: *  with Expires: 0
    Transport transport = Transport::Udp;
    SocketAddress source;
    std::string network;
    unsigned max_devices = 5;  // The flows of an instance are one.
    std::vector<std::string> path{};
  };
  struct Limits {
    Duration min = 60s, max = 3600s, fallback = 600s;
  };
  struct Change {
    enum class Kind { Added, Refreshed, Removed, Expired } kind;
    Binding binding;
  };

  Registrar(const Clock& clock, Metrics& metrics, Limits limits);

  // The bindings now in force, or: InvalidArgument (400), NotAcceptable (423 Interval Too Brief),
  // Exhausted (too many devices: 403), Conflict (an old CSeq: 500).
  Result<std::vector<Binding>> handle(const Request& request);

  std::vector<Binding> bindings(std::string_view username) const;  // Unexpired, latest first.
  std::vector<Binding> all() const;
  void restore(std::vector<Binding> bindings);  // At start, from the store.
  void expire();                                // Every second or so.
  void remove(std::string_view username, std::string_view contact_uri);
  void flow_failed(const Binding& flow);  // Nobody is there any more, unless it came anew.
  void set_limits(Limits limits) { limits_ = limits; }
  const Limits& limits() const { return limits_; }

  std::function<void(const Change&)> on_change;

 private:
  void report(const std::vector<Change>& changes);  // After the map changed.

  std::map<std::string, std::vector<Binding>, std::less<>> by_user_;
  size_t count_ = 0;  // Of all bindings.
  const Clock& clock_;
  Limits limits_;
  Gauge& registered_;
};

}  // namespace gw::sip
