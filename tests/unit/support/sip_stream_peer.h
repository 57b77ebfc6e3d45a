#pragma once

#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/net.h"
#include "tests/unit/support/sip_peer.h"

namespace gw::test {

// A phone on one TCP or TLS connection of its own making, behind NAT: it listens nowhere. Never
// blocks; poll() moves it.
class SipStreamPeer {
 public:
  SipStreamPeer(const SocketAddress& to, bool tls)
      : fd_(::socket(to.v6() ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    if (::connect(fd_, to.data(), to.size()) != 0) std::abort();
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SocketAddress own = to;
    socklen_t size = SocketAddress::capacity();
    ::getsockname(fd_, own.data(), &size);
    address_ = own;
    if (!tls) return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    SSL_set_connect_state(ssl_.get());
  }
  ~SipStreamPeer() { ::close(fd_); }
  SipStreamPeer(const SipStreamPeer&) = delete;
  SipStreamPeer& operator=(const SipStreamPeer&) = delete;

  const SocketAddress& address() const { return address_; }
  std::string transport() const { return ssl_ ? "TLS" : "TCP"; }
  // What a phone behind NAT says of itself: an address that nobody can reach.
  std::string contact() const {
    return "<sip:phone@192.0.2.77:5060;transport=" + std::string(ssl_ ? "tls" : "tcp") + ">";
  }
  bool closed() const { return closed_; }

  void send(const std::string& text) { unsent_ += text; }

  void poll() {
    ERR_clear_error();
    while (!unsent_.empty()) {
      const long n = ssl_ ? SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()))
                          : ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (n <= 0) break;
      unsent_.erase(0, static_cast<size_t>(n));
    }
    char buffer[16'384];
    for (;;) {
      ERR_clear_error();
      const long n = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                          : ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) {
        closed_ = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(n)) != SSL_ERROR_WANT_READ
                       : n == 0 || errno != EAGAIN;
        break;
      }
      unread_.append(buffer, static_cast<size_t>(n));
    }
    split();
  }

  template <class F>
  std::optional<SipText> take(F&& matches) {
    const auto it = std::find_if(inbox.begin(), inbox.end(), matches);
    if (it == inbox.end()) return std::nullopt;
    SipText found = std::move(*it);
    inbox.erase(it);
    return found;
  }

  std::string respond(const SipText& request, int status, const std::string& to_tag,
                      const std::string& sdp = {}) const {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Scripted\r\n";
    for (const auto& via : request.all("Via")) text += "Via: " + via + "\r\n";
    text += "From: " + request.header("From") + "\r\nTo: " + request.header("To");
    if (request.to_tag().empty()) text += ";tag=" + to_tag;
    text += "\r\nCall-ID: " + request.header("Call-ID") + "\r\nCSeq: " + request.header("CSeq") +
            "\r\n";
    return text + "Contact: " + contact() + "\r\n" + SipPeer::body_of(sdp);
  }

  std::deque<SipText> inbox;

 private:
  struct Delete {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  void split() {
    for (;;) {
      while (unread_.starts_with("\r\n")) unread_.erase(0, 2);
      const size_t head = unread_.find("\r\n\r\n");
      if (head == std::string::npos) return;
      const std::string length =
          SipText::parse(unread_.substr(0, head + 4)).header("Content-Length");
      const size_t whole = head + 4 + (length.empty() ? 0 : std::stoul(length));
      if (unread_.size() < whole) return;
      inbox.push_back(SipText::parse(unread_.substr(0, whole)));
      unread_.erase(0, whole);
    }
  }

  const int fd_;
  SocketAddress address_;
  std::unique_ptr<SSL_CTX, Delete> context_;
  std::unique_ptr<SSL, Delete> ssl_;
  std::string unsent_, unread_;
  bool closed_ = false;
};

}  // namespace gw::test
