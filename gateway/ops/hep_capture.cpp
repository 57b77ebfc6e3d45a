#include "gateway/ops/hep_capture.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/ops/hep.h"

namespace gw::ops {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* all) const { ::freeaddrinfo(all); }
};

}  // namespace

Result<std::shared_ptr<HepCapture>> HepCapture::open(const config::Config::Hep& config,
                                                     Metrics& metrics) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(config.port);
  if (const int error = ::getaddrinfo(config.host.c_str(), port.c_str(), &hints, &found);
      error != 0)
    return fail(ErrorCode::NotFound, config.host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, FreeAddresses> owned(found);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    if (::connect(fd, one->ai_addr, one->ai_addrlen) == 0)
      return std::shared_ptr<HepCapture>(new HepCapture(fd, config, metrics));
    ::close(fd);
  }
  return fail(ErrorCode::Unavailable, config.host + ":" + port + ": " + std::strerror(errno));
}

HepCapture::HepCapture(int socket, const config::Config::Hep& config, Metrics& metrics)
    : socket_(socket),
      capture_id_(config.capture_id),
      key_(config.password.reveal()),
      sent_(metrics.counter("gw_hep_sent_total", "SIP messages sent to the HEP collector")),
      lost_(metrics.counter("gw_hep_lost_total",
                            "SIP messages that could not be sent to the HEP collector at once")) {}

HepCapture::~HepCapture() {
  ::close(socket_);
}

void HepCapture::take(const sip::CapturedMessage& message, WallTime now) {
  const std::string text = without_secrets(message.text);
  const std::string packet =
      hep3({message.from, message.to, message.transport != sip::Transport::Udp, now, capture_id_,
            key_, message.call_id, text});
  // A collector that is not there says so by ICMP to the next send: that one is lost as well.
  const bool sent = !packet.empty() &&
                    ::send(socket_, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
  (sent ? sent_ : lost_).Increment();
}

}  // namespace gw::ops
