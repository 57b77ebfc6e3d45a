#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// What the ways of receiving and sending a datagram cost on this machine, in microseconds of CPU a
// packet: the media worker's choice among them is measured, not believed. Loopback, packets of a
// G.711 call; each kind in turn within a round, the median of the rounds counts.
namespace {

constexpr size_t kPhones = 100;  // Sockets with one packet each, as a tick of calls brings them.
constexpr size_t kBatch = 32;
constexpr size_t kOctets = 172;
constexpr int kRounds = 200;

double cpu_us() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

struct Socket {
  Socket() : fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  }
  ~Socket() { ::close(fd); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void connect(const Socket& to) const {
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), sizeof to.address) == 0,
         "connect");
  }
  void send_to(const Socket& to) const {
    must(::sendto(fd, packet.data(), packet.size(), 0,
                  reinterpret_cast<const sockaddr*>(&to.address), sizeof to.address) > 0,
         "sendto");
  }
  size_t drain() const {
    std::array<char, 2048> buffer;
    size_t n = 0;
    while (::recv(fd, buffer.data(), buffer.size(), 0) > 0) ++n;
    return n;
  }

  static constexpr std::array<char, kOctets> packet{};
  const int fd;
  sockaddr_in address{};
};

// Buffers for recvmmsg() and sendmmsg().
struct Batch {
  Batch() {
    for (size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {buffers[i].data(), buffers[i].size()};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
  int receive(int fd, unsigned most) {
    for (size_t i = 0; i < most; ++i) {
      headers[i].msg_hdr.msg_name = &names[i];
      headers[i].msg_hdr.msg_namelen = sizeof names[i];
      vectors[i].iov_len = buffers[i].size();
    }
    return ::recvmmsg(fd, headers.data(), most, MSG_DONTWAIT, nullptr);
  }
  void send(int fd, const std::vector<const Socket*>& to) {
    for (size_t i = 0; i < to.size(); ++i) {
      headers[i].msg_hdr.msg_name = const_cast<sockaddr_in*>(&to[i]->address);
      headers[i].msg_hdr.msg_namelen = sizeof to[i]->address;
      vectors[i].iov_len = kOctets;
    }
    must(::sendmmsg(fd, headers.data(), static_cast<unsigned>(to.size()), 0) ==
             static_cast<int>(to.size()),
         "sendmmsg");
  }

  std::array<std::array<char, 2048>, kBatch> buffers{};
  std::array<sockaddr_storage, kBatch> names{};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> headers{};
};

class Bench {
 public:
  Bench() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (size_t i = 0; i < kPhones; ++i) {
      here_.push_back(std::make_unique<Socket>());
      there_.push_back(std::make_unique<Socket>());
      connected_.push_back(std::make_unique<Socket>());
      connected_.back()->connect(*there_.back());
      epoll_event event{};
      event.events = EPOLLIN;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, here_.back()->fd, &event);
    }
  }
  ~Bench() { ::close(epoll_); }

  void round() {
    std::array<epoll_event, kPhones> events;
    const auto fill = [&](const std::vector<std::unique_ptr<Socket>>& sockets) {
      for (size_t i = 0; i < kPhones; ++i) there_[i]->send_to(*sockets[i]);
    };
    const auto empty = [&] {
      for (const auto& s : there_) s->drain();
    };
    fill(here_);
    note("epoll_wait, of 64", [&] { return ::epoll_wait(epoll_, events.data(), 64, 0); });
    note("recvfrom, a socket each", [&] {
      std::array<char, 2048> buffer;
      sockaddr_storage from;
      for (const auto& s : here_) {
        socklen_t size = sizeof from;
        must(::recvfrom(s->fd, buffer.data(), buffer.size(), MSG_DONTWAIT,
                        reinterpret_cast<sockaddr*>(&from), &size) > 0,
             "recvfrom");
      }
      return kPhones;
    });
    fill(here_);
    note("recvmmsg of one, a socket each", [&] {
      for (const auto& s : here_) must(batch_.receive(s->fd, 8) == 1, "recvmmsg");
      return kPhones;
    });
    fill(connected_);
    note("recv, connected, a socket each", [&] {
      std::array<char, 2048> buffer;
      for (const auto& s : connected_)
        must(::recv(s->fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0, "recv");
      return kPhones;
    });
    for (size_t i = 0; i < kBatch; ++i) there_[i]->send_to(shared_);
    note("recvmmsg of 32, one socket",
         [&] { return batch_.receive(shared_.fd, static_cast<unsigned>(kBatch)); });

    note("sendto, a socket each", [&] {
      for (size_t i = 0; i < kPhones; ++i) here_[i]->send_to(*there_[i]);
      return kPhones;
    });
    empty();
    note("send, connected, a socket each", [&] {
      for (const auto& s : connected_) ::send(s->fd, Socket::packet.data(), kOctets, 0);
      return kPhones;
    });
    empty();
    note("sendto, one socket to many", [&] {
      for (size_t i = 0; i < kBatch; ++i) shared_.send_to(*there_[i]);
      return kBatch;
    });
    empty();
    std::vector<const Socket*> to;
    for (size_t i = 0; i < kBatch; ++i) to.push_back(there_[i].get());
    note("sendmmsg of 32, one socket to many", [&] {
      batch_.send(shared_.fd, to);
      return kBatch;
    });
    empty();
  }

  nlohmann::ordered_json medians() {
    nlohmann::ordered_json out;
    for (const std::string& name : order_) {
      auto& all = costs_[name];
      std::ranges::sort(all);
      out[name] = std::round(all[all.size() / 2] * 1000) / 1000;
    }
    return out;
  }

 private:
  template <class F>
  void note(const std::string& name, F run) {
    const double begin = cpu_us();
    const auto packets = static_cast<double>(run());
    const double each = (cpu_us() - begin) / packets;
    if (!costs_.contains(name)) order_.push_back(name);
    costs_[name].push_back(each);
  }

  const int epoll_;
  std::vector<std::unique_ptr<Socket>> here_, there_, connected_;
  Socket shared_;
  Batch batch_;
  std::map<std::string, std::vector<double>> costs_;
  std::vector<std::string> order_;
};

}  // namespace

int main() {
  Bench bench;
  for (int i = 0; i < kRounds; ++i) bench.round();
  std::printf("%s\n", nlohmann::ordered_json{{"us_per_packet", bench.medians()}}.dump().c_str());
}
