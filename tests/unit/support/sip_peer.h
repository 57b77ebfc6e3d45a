#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net.h"

namespace gw::test {

// A SIP message as a test reads it: start line, headers in order, body.
struct SipText {
  std::string start;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  SocketAddress source;  // Where it came from.

  static SipText parse(std::string_view text) {
    SipText out;
    const auto end = text.find("\r\n\r\n");
    std::string_view head = text.substr(0, end);
    if (end != std::string_view::npos) out.body = text.substr(end + 4);
    bool first = true;
    while (!head.empty()) {
      const auto eol = head.find("\r\n");
      const std::string_view line = head.substr(0, eol);
      head = eol == std::string_view::npos ? std::string_view{} : head.substr(eol + 2);
      if (std::exchange(first, false)) {
        out.start = line;
        continue;
      }
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      auto value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      out.headers.emplace_back(line.substr(0, colon), value);
    }
    return out;
  }

  bool is_response() const { return start.starts_with("SIP/2.0 "); }
  int status() const { return is_response() ? std::stoi(start.substr(8, 3)) : 0; }
  std::string method() const {  // Of a request, or what a response answers.
    if (!is_response()) return start.substr(0, start.find(' '));
    const std::string cseq = header("CSeq");
    return cseq.substr(cseq.find(' ') + 1);
  }
  std::string uri() const {
    const auto from = start.find(' ') + 1;
    return start.substr(from, start.rfind(' ') - from);
  }
  std::string header(std::string_view name) const {
    for (const auto& [n, v] : headers) {
      if (n.size() == name.size() && strncasecmp(n.data(), name.data(), n.size()) == 0) return v;
    }
    return {};
  }
  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [n, v] : headers) {
      if (n.size() == name.size() && strncasecmp(n.data(), name.data(), n.size()) == 0)
        values.push_back(v);
    }
    return values;
  }
  std::string to_tag() const { return tag(header("To")); }
  std::string from_tag() const { return tag(header("From")); }
  std::string contact_uri() const {
    const std::string contact = header("Contact");
    const auto from = contact.find('<') + 1;
    return contact.substr(from, contact.find('>') - from);
  }
  static std::string tag(const std::string& address) {
    const auto at = address.find(";tag=");
    if (at == std::string::npos) return {};
    return address.substr(at + 5, address.find(';', at + 5) - at - 5);
  }
};

// A scripted SIP element on a loopback UDP socket: says exactly what a test tells it to, hears
// everything.
class SipPeer {
 public:
  explicit SipPeer(bool v6 = false) : SipPeer(v6 ? "::1" : "127.0.0.1") {}
  explicit SipPeer(const char* host)
      : fd_(::socket(std::strchr(host, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    SocketAddress any = *SocketAddress::parse(host);
    if (::bind(fd_, any.data(), any.size()) != 0) std::abort();
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
    address_ = SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
  }
  ~SipPeer() { ::close(fd_); }
  SipPeer(const SipPeer&) = delete;
  SipPeer& operator=(const SipPeer&) = delete;

  const SocketAddress& address() const { return address_; }
  std::string host_port() const { return address_.to_string(); }
  std::string contact() const { return "<sip:peer@" + host_port() + ">"; }

  void send(const std::string& text, const SocketAddress& to) {
    ::sendto(fd_, text.data(), text.size(), 0, to.data(), to.size());
  }

  // Reads what has come; true when something had.
  bool poll() {
    bool any = false;
    char buffer[65'536];
    for (;;) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t n =
          ::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return any;
      any = true;
      inbox.push_back(SipText::parse({buffer, static_cast<size_t>(n)}));
      inbox.back().source = SocketAddress(reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

  // Takes the first waiting message that matches; the others stay.
  template <class F>
  std::optional<SipText> take(F&& matches) {
    const auto it = std::find_if(inbox.begin(), inbox.end(), matches);
    if (it == inbox.end()) return std::nullopt;
    SipText found = std::move(*it);
    inbox.erase(it);
    return found;
  }

  // A response to `request`, with Contact when it makes a dialog. `extra`: whole header lines.
  std::string respond(const SipText& request, int status, const std::string& to_tag,
                      const std::string& sdp = {}, const std::string& extra = {},
                      const std::string& contact_header = {}) const {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Scripted\r\n";
    for (const auto& via : request.all("Via")) text += "Via: " + via + "\r\n";
    text += "From: " + request.header("From") + "\r\nTo: " + request.header("To");
    if (request.to_tag().empty() && !to_tag.empty()) text += ";tag=" + to_tag;
    text += "\r\nCall-ID: " + request.header("Call-ID") + "\r\nCSeq: " + request.header("CSeq") +
            "\r\n" + extra;
    if (contact_header.empty() && status > 100 && status < 300)
      text += "Contact: " + contact() + "\r\n";
    text += contact_header;
    return text + body_of(sdp);
  }

  static std::string body_of(const std::string& sdp) {
    const std::string type = sdp.empty() ? "" : "Content-Type: application/sdp\r\n";
    return type + "Content-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
  }

  std::deque<SipText> inbox;

 private:
  const int fd_;
  SocketAddress address_;
};

// The peer's side of one dialog that it began: builds requests with the right tags, numbers and
// branches.
struct PeerDialog {
  SipPeer& peer;
  std::string call_id, from_tag, to_tag, uri, target, user = "peer";
  unsigned cseq = 1, branches = 0;

  std::string request(const std::string& method, const std::string& sdp = {},
                      const std::string& extra = {}, std::optional<unsigned> number = std::nullopt,
                      const std::string& branch = {}) {
    last_branch =
        branch.empty() ? "z9hG4bK-" + from_tag + "-" + std::to_string(++branches) : branch;
    std::string text = method + " " + (target.empty() ? uri : target) + " SIP/2.0\r\n";
    text += "Via: SIP/2.0/UDP " + peer.host_port() + ";branch=" + last_branch + ";rport\r\n";
    text += "Max-Forwards: 70\r\nFrom: \"Peer\" <sip:" + user + "@" + peer.host_port() +
            ">;tag=" + from_tag + "\r\n";
    text += "To: <" + uri + ">" + (to_tag.empty() ? "" : ";tag=" + to_tag) + "\r\n";
    text += "Call-ID: " + call_id + "\r\nCSeq: " + std::to_string(number.value_or(cseq)) + " " +
            method + "\r\n";
    if (extra.find("Contact:") == std::string::npos) text += "Contact: " + peer.contact() + "\r\n";
    return text + extra + SipPeer::body_of(sdp);
  }

  std::string last_branch;
};

}  // namespace gw::test
