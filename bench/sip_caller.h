#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"

namespace gw::bench {

// A carrier that calls: SIP over UDP, one socket, one dialog for each call, as little of RFC 3261
// as a caller needs. The owner polls fd(). One thread.
class SipCaller {
 public:
  struct Events {
    std::function<void(size_t call, std::string_view sdp)> on_answered;  // The ACK is out.
    std::function<void(size_t call, const std::string& why)> on_failed;  // Refused, or ended on us.
  };

  explicit SipCaller(Random& random);
  ~SipCaller();
  SipCaller(const SipCaller&) = delete;
  SipCaller& operator=(const SipCaller&) = delete;

  const SocketAddress& address() const { return address_; }
  int fd() const { return fd_; }
  void use(const SocketAddress& gateway, Events events);

  // `call` is the caller's own number for it: 0, 1, 2, ...
  void invite(size_t call, std::string_view number, std::string_view sdp, TimePoint now);
  void bye(size_t call, TimePoint now);
  bool ended(size_t call) const { return dialogs_[call].state == State::Ended; }

  void on_readable();
  void on_timer(TimePoint now);  // Repeats what was not answered.

 private:
  enum class State { Idle, Inviting, Proceeding, Talking, Leaving, Ended };
  struct Dialog {
    State state = State::Idle;
    std::string id, tag, number, remote_to, target;  // target: the peer's Contact.
    std::string pending, ack;
    TimePoint repeat{};
    Duration interval{};
  };

  void receive(std::string_view text);
  void receive_response(size_t call, std::string_view text);
  void receive_request(Dialog* dialog, size_t call, std::string_view text);
  std::string request(std::string_view method, const Dialog& dialog, unsigned cseq,
                      std::string_view sdp);
  void send(std::string_view text);
  void send_reliably(Dialog& dialog, std::string text, TimePoint now);
  void fail(size_t call, const std::string& why);

  Random& random_;
  int fd_ = -1;
  SocketAddress address_, gateway_;
  Events events_;
  std::vector<Dialog> dialogs_;
  std::unordered_map<std::string, size_t> by_id_;
};

}  // namespace gw::bench
