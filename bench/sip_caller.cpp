#include "bench/sip_caller.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace gw::bench {
namespace {

constexpr Duration kT1 = 500ms;  // RFC 3261 17.1.1.1
constexpr int kBuffer = 4 << 20;

// The first header of that name, long form.
std::string_view header(std::string_view message, std::string_view name) {
  for (size_t at = message.find("\r\n"); at != std::string_view::npos;) {
    at += 2;
    const size_t end = message.find("\r\n", at);
    const std::string_view line = message.substr(at, end - at);
    if (line.empty()) return {};
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const size_t value = line.find_first_not_of(" \t", name.size() + 1);
      return value == std::string_view::npos ? std::string_view() : line.substr(value);
    }
    at = end;
  }
  return {};
}

std::string_view body(std::string_view message) {
  const size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string_view() : message.substr(end + 4);
}

std::string_view uri_in(std::string_view name_addr) {
  const size_t open = name_addr.find('<'), close = name_addr.find('>');
  if (open == std::string_view::npos || close < open) return name_addr;
  return name_addr.substr(open + 1, close - open - 1);
}

}  // namespace

SipCaller::SipCaller(Random& random) : random_(random) {
  fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof kBuffer);
  const auto any = *SocketAddress::parse("127.0.0.1");
  SocketAddress bound;
  socklen_t size = SocketAddress::capacity();
  sockaddr_storage storage{};
  if (::bind(fd_, any.data(), any.size()) == 0 &&
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    address_ = SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
  }
}

SipCaller::~SipCaller() {
  ::close(fd_);
}

void SipCaller::use(const SocketAddress& gateway, Events events) {
  gateway_ = gateway;
  events_ = std::move(events);
}

std::string SipCaller::request(std::string_view method, const Dialog& dialog, unsigned cseq,
                               std::string_view sdp) {
  const std::string us = address_.to_string();
  const std::string uri = "sip:" + dialog.number + "@" + gateway_.to_string();
  std::string text(method);
  text += " " + (dialog.target.empty() ? uri : dialog.target) + " SIP/2.0\r\n";
  text += "Via: SIP/2.0/UDP " + us + ";branch=z9hG4bK" + random_.hex(8) + ";rport\r\n";
  text += "Max-Forwards: 70\r\n";
  text += "From: <sip:+12065550123@" + us + ">;tag=" + dialog.tag + "\r\n";
  text += "To: " + (dialog.remote_to.empty() ? "<" + uri + ">" : dialog.remote_to) + "\r\n";
  text += "Call-ID: " + dialog.id + "\r\n";
  text += "CSeq: " + std::to_string(cseq) + " " + std::string(method) + "\r\n";
  text += "Contact: <sip:bench@" + us + ">\r\n";
  if (!sdp.empty()) text += "Content-Type: application/sdp\r\n";
  text += "Content-Length: " + std::to_string(sdp.size()) + "\r\n\r\n";
  return text.append(sdp);
}

void SipCaller::send(std::string_view text) {
  ::sendto(fd_, text.data(), text.size(), 0, gateway_.data(), gateway_.size());
}

void SipCaller::send_reliably(Dialog& dialog, std::string text, TimePoint now) {
  send(text);
  dialog.pending = std::move(text);
  dialog.interval = kT1;
  dialog.repeat = now + kT1;
}

void SipCaller::invite(size_t call, std::string_view number, std::string_view sdp, TimePoint now) {
  if (dialogs_.size() <= call) dialogs_.resize(call + 1);
  Dialog& dialog = dialogs_[call];
  dialog = Dialog{State::Inviting,
                  random_.hex(12),
                  random_.hex(4),
                  std::string(number),
                  {},
                  {},
                  {},
                  {},
                  {},
                  {}};
  by_id_[dialog.id] = call;
  send_reliably(dialog, request("INVITE", dialog, 1, sdp), now);
}

void SipCaller::bye(size_t call, TimePoint now) {
  if (call >= dialogs_.size() || dialogs_[call].state != State::Talking) return;
  dialogs_[call].state = State::Leaving;
  send_reliably(dialogs_[call], request("BYE", dialogs_[call], 2, {}), now);
}

void SipCaller::on_timer(TimePoint now) {
  for (Dialog& dialog : dialogs_) {
    if (dialog.state != State::Inviting && dialog.state != State::Leaving) continue;
    if (now < dialog.repeat) continue;
    send(dialog.pending);
    dialog.interval *= 2;
    dialog.repeat = now + dialog.interval;
  }
}

void SipCaller::on_readable() {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) return;
    receive({buffer.data(), static_cast<size_t>(n)});
  }
}

void SipCaller::receive(std::string_view text) {
  const auto found = by_id_.find(std::string(header(text, "Call-ID")));
  const bool ours = found != by_id_.end();
  if (!text.starts_with("SIP/2.0 ")) {
    receive_request(ours ? &dialogs_[found->second] : nullptr, ours ? found->second : 0, text);
  } else if (ours) {
    receive_response(found->second, text);
  }
}

void SipCaller::receive_response(size_t call, std::string_view text) {
  Dialog& dialog = dialogs_[call];
  int status = 0;
  std::from_chars(text.data() + 8, text.data() + text.size(), status);
  if (header(text, "CSeq").ends_with("BYE")) {
    if (status >= 200) dialog.state = State::Ended;
    return;
  }
  if (dialog.state == State::Talking && status >= 200) return send(dialog.ack);  // Again.
  if (dialog.state != State::Inviting && dialog.state != State::Proceeding) return;
  dialog.state = State::Proceeding;
  if (status < 200) return;
  dialog.remote_to = header(text, "To");
  if (status >= 300) {
    // RFC 3261 17.1.1.3: the ACK has the INVITE's branch.
    std::string ack = request("ACK", dialog, 1, {});
    const std::string_view via = header(ack, "Via");
    ack.replace(static_cast<size_t>(via.data() - ack.data()), via.size(),
                header(dialog.pending, "Via"));
    send(ack);
    return fail(call, "refused: " + std::string(text.substr(8, text.find("\r\n") - 8)));
  }
  dialog.target = uri_in(header(text, "Contact"));
  dialog.ack = request("ACK", dialog, 1, {});
  dialog.state = State::Talking;
  send(dialog.ack);
  events_.on_answered(call, body(text));
}

void SipCaller::receive_request(Dialog* dialog, size_t call, std::string_view text) {
  const std::string_view method = text.substr(0, text.find(' '));
  if (method == "ACK") return;
  std::string answer = dialog != nullptr ? "SIP/2.0 200 OK\r\n" : "SIP/2.0 481 No Dialog\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    answer.append(name).append(": ").append(header(text, name)).append("\r\n");
  }
  send(answer.append("Content-Length: 0\r\n\r\n"));
  if (dialog != nullptr && method == "BYE" && dialog->state != State::Ended) {
    fail(call, "the gateway hung up: " + std::string(header(text, "Reason")));
  }
}

void SipCaller::fail(size_t call, const std::string& why) {
  dialogs_[call].state = State::Ended;
  events_.on_failed(call, why);
}

}  // namespace gw::bench
