#include "sip/resolver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/net.h"
#include "base/random.h"
#include "tests/unit/support/sofia_loop_thread.h"

namespace gw::sip {
namespace {

constexpr uint16_t kA = 1, kAaaa = 28, kSrv = 33, kNaptr = 35;

std::string u16(unsigned v) {
  return {static_cast<char>(v >> 8), static_cast<char>(v)};
}

std::string wire_text(const std::string& text) {
  return static_cast<char>(text.size()) + text;
}

std::string wire_name(const std::string& name) {
  std::string out;
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    out += static_cast<char>(dot - begin);
    out += name.substr(begin, dot - begin);
    begin = dot + 1;
  }
  return out + '\0';
}

// A name server on loopback that knows what a test tells it; NXDOMAIN for the rest. Over TCP it
// says all, over UDP what fits.
class FakeNameServer {
 public:
  FakeNameServer() {
    fd_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    auto any = *SocketAddress::parse("127.0.0.1:0");
    ::bind(fd_, any.data(), any.size());
    socklen_t size = SocketAddress::capacity();
    ::getsockname(fd_, any.data(), &size);
    address_ = any;
    tcp_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    ::setsockopt(tcp_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    ::bind(tcp_, any.data(), any.size());
    ::listen(tcp_, 8);
    thread_ = std::thread([this] { serve(); });
    tcp_thread_ = std::thread([this] { serve_tcp(); });
  }
  ~FakeNameServer() {
    stop_ = true;
    const int poke = ::socket(AF_INET, SOCK_DGRAM, 0);
    ::sendto(poke, "", 1, 0, address_.data(), address_.size());
    thread_.join();
    ::shutdown(tcp_, SHUT_RDWR);
    tcp_thread_.join();
    ::close(tcp_);
    ::close(poke);
    ::close(fd_);
  }

  void srv(const std::string& name, unsigned priority, unsigned weight, unsigned port,
           const std::string& target) {
    add(name, kSrv, u16(priority) + u16(weight) + u16(port) + wire_name(target));
  }
  void naptr(const std::string& name, unsigned order, unsigned preference,
             const std::string& service, const std::string& replacement) {
    add(name, kNaptr,
        u16(order) + u16(preference) + wire_text("s") + wire_text(service) + wire_text("") +
            wire_name(replacement));
  }
  void a(const std::string& name, unsigned last_byte, unsigned ttl = 60) {
    add(name, kA, std::string{127, 0, 0, static_cast<char>(last_byte)}, ttl);
  }
  void aaaa(const std::string& name) { add(name, kAaaa, std::string(15, '\0') + '\1'); }
  void silent(const std::string& name) {
    const std::lock_guard lock(mutex_);
    silent_.push_back(name);
  }
  int asked_over_tcp() {
    const std::lock_guard lock(mutex_);
    return asked_over_tcp_;
  }
  int asked(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return asked_[name];
  }
  std::string address() const { return address_.to_string(); }

 private:
  struct Record {
    uint16_t type;
    unsigned ttl;
    std::string data;
  };
  void add(const std::string& name, uint16_t type, std::string data, unsigned ttl = 60) {
    const std::lock_guard lock(mutex_);
    records_[name].push_back({type, ttl, std::move(data)});
  }

  void serve() {
    for (;;) {
      char query[512];
      SocketAddress from = address_;
      socklen_t size = SocketAddress::capacity();
      const ssize_t n = ::recvfrom(fd_, query, sizeof query, 0, from.data(), &size);
      if (stop_) return;
      if (n < 17) continue;
      const std::string reply = reply_to(query, static_cast<size_t>(n), true);
      if (!reply.empty()) ::sendto(fd_, reply.data(), reply.size(), 0, from.data(), from.size());
    }
  }

  // One question a connection: enough for a resolver that asks again.
  void serve_tcp() {
    for (;;) {
      const int peer = ::accept(tcp_, nullptr, nullptr);
      if (peer < 0) return;
      unsigned char length[2];
      char query[512];
      ssize_t n = ::recv(peer, length, 2, MSG_WAITALL);
      if (n == 2)
        n = ::recv(peer, query, std::min<size_t>(sizeof query, length[0] << 8 | length[1]),
                   MSG_WAITALL);
      if (n > 16) {
        const std::string reply = reply_to(query, static_cast<size_t>(n), false);
        const std::string framed = u16(static_cast<unsigned>(reply.size())) + reply;
        ::send(peer, framed.data(), framed.size(), MSG_NOSIGNAL);
      }
      ::close(peer);
    }
  }

  std::string reply_to(const char* query, size_t n, bool udp) {
    std::string name;
    size_t at = 12;
    while (at < n && query[at] != 0) {
      if (!name.empty()) name += '.';
      name.append(query + at + 1, static_cast<size_t>(query[at]));
      at += static_cast<size_t>(query[at]) + 1;
    }
    const auto type = static_cast<uint16_t>(static_cast<unsigned char>(query[at + 1]) << 8 |
                                            static_cast<unsigned char>(query[at + 2]));
    const std::string question(query + 12, at + 5 - 12);
    const std::lock_guard lock(mutex_);
    ++asked_[name];
    if (!udp) ++asked_over_tcp_;
    if (std::find(silent_.begin(), silent_.end(), name) != silent_.end()) return {};
    std::string answers;
    unsigned count = 0;
    for (const Record& record : records_[name]) {
      if (record.type != type) continue;
      answers += "\xc0\x0c" + u16(record.type) + u16(1) + u16(record.ttl >> 16) +
                 u16(record.ttl & 0xffff) + u16(static_cast<unsigned>(record.data.size())) +
                 record.data;
      ++count;
    }
    const unsigned code = records_[name].empty() ? 3 : 0;
    // RFC 1035 4.2.1: what does not fit is cut, and the answer says so.
    const bool cut = udp && answers.size() > 450;
    if (cut) answers.clear();
    return std::string(query, 2) + u16(0x8580 | (cut ? 0x200U : 0U) | code) + u16(1) +
           u16(cut ? 0 : count) + u16(0) + u16(0) + question + answers;
  }

  int fd_ = -1, tcp_ = -1;
  SocketAddress address_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, std::vector<Record>> records_;
  std::map<std::string, int> asked_;
  std::vector<std::string> silent_;
  int asked_over_tcp_ = 0;
  std::thread thread_, tcp_thread_;
};

// The same draws in each run.
class SteadyRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      b = std::byte{static_cast<unsigned char>(state_ >> 56)};
    }
  }

 private:
  uint64_t state_ = 1;
};

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() { start({.servers = dns.address(), .timeout = 6s}); }
  ~ResolverTest() override {
    thread.on([&] { resolver.reset(); });
  }
  void start(const Resolver::Options& options) {
    thread.on([&] {
      resolver = std::make_unique<Resolver>(thread.loop(), random, thread.metrics(), options);
    });
  }
  Result<std::vector<NextHop>> resolve(const Resolver::Query& query) {
    std::promise<Result<std::vector<NextHop>>> promise;
    auto answer = promise.get_future();
    bool inside = true, was_inside = false;
    thread.on([&] {
      resolver->resolve(query, [&](Result<std::vector<NextHop>> hops) {
        was_inside = inside;
        promise.set_value(std::move(hops));
      });
      inside = false;
    });
    if (answer.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      ADD_FAILURE() << "no answer for " << query.host;
      std::abort();  // The promise is about to go.
    }
    auto hops = answer.get();
    EXPECT_FALSE(was_inside);
    return hops;
  }
  // "udp 127.0.0.1:5060"
  std::vector<std::string> hops(const Resolver::Query& query) {
    std::vector<std::string> out;
    const auto found = resolve(query);
    if (!found) return {"error " + std::string(to_string(found.error().code))};
    for (const NextHop& hop : *found) {
      out.push_back(std::string(to_string(hop.transport)) + " " + hop.address.to_string());
      EXPECT_EQ(hop.port, hop.address.port());
    }
    return out;
  }
  using Hops = std::vector<std::string>;

  FakeNameServer dns;
  SteadyRandom random;
  test::SofiaLoopThread thread;
  std::unique_ptr<Resolver> resolver;
};

TEST_F(ResolverTest, a_literal_needs_no_query) {
  EXPECT_EQ(hops({"192.0.2.1", 0, {}}), Hops{"udp 192.0.2.1:5060"});
  EXPECT_EQ(hops({"192.0.2.1", 5070, Transport::Tcp}), Hops{"tcp 192.0.2.1:5070"});
  EXPECT_EQ(hops({"192.0.2.1", 0, Transport::Tls}), Hops{"tls 192.0.2.1:5061"});
  EXPECT_EQ(hops({"[2001:db8::1]", 0, Transport::Tls}), Hops{"tls [2001:db8::1]:5061"});
  EXPECT_EQ(hops({"2001:db8::1", 5080, {}}), Hops{"udp [2001:db8::1]:5080"});
  EXPECT_EQ(dns.asked("192.0.2.1"), 0);
}

TEST_F(ResolverTest, with_a_port_the_host_itself_is_asked_for_and_no_srv) {
  dns.a("sip.acme.test", 2);
  dns.srv("_sip._udp.sip.acme.test", 1, 1, 9999, "other.test");
  EXPECT_EQ(hops({"sip.acme.test", 5070, {}}), Hops{"udp 127.0.0.2:5070"});
  EXPECT_EQ(dns.asked("_sip._udp.sip.acme.test"), 0);
}

TEST_F(ResolverTest, srv_priorities_decide_the_order_and_the_name_asked_for_stays) {
  dns.srv("_sip._udp.acme.test", 20, 0, 5062, "b.acme.test");
  dns.srv("_sip._udp.acme.test", 10, 0, 5061, "a.acme.test");
  dns.srv("_sip._udp.acme.test", 30, 0, 5063, "gone.acme.test");
  dns.a("a.acme.test", 3);
  dns.a("b.acme.test", 4);
  const auto found = resolve({"acme.test", 0, Transport::Udp});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].address.to_string(), "127.0.0.3:5061");
  EXPECT_EQ((*found)[1].address.to_string(), "127.0.0.4:5062");
  EXPECT_EQ((*found)[0].host, "acme.test");
}

TEST_F(ResolverTest, srv_weights_share_the_load_among_equals) {
  std::map<std::string, int> first;
  for (int i = 0; i < 60; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".test";
    dns.srv("_sip._udp." + domain, 1, 90, 5060, "heavy.test");
    dns.srv("_sip._udp." + domain, 1, 10, 5060, "light.test");
  }
  dns.a("heavy.test", 9);
  dns.a("light.test", 1);
  for (int i = 0; i < 60; ++i)
    ++first[hops({"d" + std::to_string(i) + ".test", 0, Transport::Udp}).front()];
  EXPECT_GT(first["udp 127.0.0.9:5060"], 35);  // 54 of 60 on average.
  EXPECT_LT(first["udp 127.0.0.9:5060"], 60);
}

TEST_F(ResolverTest, tls_asks_for_sips_and_falls_back_to_5061) {
  dns.srv("_sips._tcp.acme.test", 1, 1, 443, "edge.acme.test");
  dns.a("edge.acme.test", 5);
  dns.a("plain.test", 6);
  EXPECT_EQ(hops({"acme.test", 0, Transport::Tls}), Hops{"tls 127.0.0.5:443"});
  EXPECT_EQ(hops({"plain.test", 0, Transport::Tls}), Hops{"tls 127.0.0.6:5061"});
}

TEST_F(ResolverTest, without_a_transport_udp_services_come_before_tcp_ones_before_the_host) {
  dns.srv("_sip._tcp.t.test", 1, 1, 5066, "t1.test");
  dns.a("t1.test", 7);
  EXPECT_EQ(hops({"t.test", 0, {}}), Hops{"tcp 127.0.0.7:5066"});
  dns.a("h.test", 8);
  EXPECT_EQ(hops({"h.test", 0, {}}), Hops{"udp 127.0.0.8:5060"});
}

TEST_F(ResolverTest, a_service_of_dot_is_no_service) {
  dns.srv("_sip._udp.none.test", 0, 0, 0, "");
  dns.a("none.test", 2);
  EXPECT_EQ(hops({"none.test", 0, Transport::Udp}), Hops{"udp 127.0.0.2:5060"});
}

TEST_F(ResolverTest, both_families_are_hops) {
  dns.a("both.test", 2);
  dns.aaaa("both.test");
  auto found = hops({"both.test", 5060, {}});
  std::ranges::sort(found);
  EXPECT_EQ(found, (Hops{"udp 127.0.0.2:5060", "udp [::1]:5060"}));
}

TEST_F(ResolverTest, an_unknown_host_is_not_found_and_nonsense_is_not_asked_for) {
  EXPECT_EQ(hops({"nowhere.test", 0, {}}), Hops{"error not found"});
  EXPECT_EQ(hops({"nowhere.test", 5060, {}}), Hops{"error not found"});
  for (const std::string& bad : {std::string(""), std::string("a b"), std::string("x\r\ny"),
                                 std::string("1.2.3.4:5060"), std::string(300, 'a')}) {
    EXPECT_EQ(hops({bad, 0, {}}), Hops{"error invalid argument"});
  }
}

TEST_F(ResolverTest, a_silent_server_is_a_timeout_in_the_time_allowed) {
  dns.silent("silent.test");
  start({.servers = dns.address(), .timeout = 200ms});
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(hops({"silent.test", 5060, {}}), Hops{"error timeout"});
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 900ms);
}

TEST_F(ResolverTest, a_server_that_swallows_srv_questions_still_gives_the_host) {
  dns.silent("_sip._udp.swallowed.test");
  dns.silent("_sip._tcp.swallowed.test");
  dns.a("swallowed.test", 2);
  EXPECT_EQ(hops({"swallowed.test", 0, {}}), Hops{"udp 127.0.0.2:5060"});
}

TEST_F(ResolverTest, a_name_without_a_dot_has_no_services) {
  dns.a("sbc", 2);
  EXPECT_EQ(hops({"sbc", 0, Transport::Tcp}), Hops{"tcp 127.0.0.2:5060"});
  EXPECT_EQ(dns.asked("_sip._tcp.sbc"), 0);
  const auto local = hops({"localhost", 0, {}});
  EXPECT_NE(std::find(local.begin(), local.end(), "udp 127.0.0.1:5060"), local.end());
}

TEST_F(ResolverTest, an_answer_is_kept_for_its_time) {
  dns.a("kept.test", 2, 60);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(hops({"kept.test", 5060, {}}), Hops{"udp 127.0.0.2:5060"});
  EXPECT_EQ(dns.asked("kept.test"), 2);  // A and AAAA, once.
}

TEST_F(ResolverTest, more_targets_than_anyone_would_try_are_cut) {
  for (unsigned i = 0; i < 40; ++i) {
    const std::string target = "t" + std::to_string(i) + ".many.test";
    dns.srv("_sip._udp.many.test", i, 0, 5060, target);
    dns.a(target, 2);
  }
  EXPECT_EQ(hops({"many.test", 0, Transport::Udp}).size(), 16u);
  EXPECT_GE(dns.asked_over_tcp(), 1);  // 40 records do not fit into 512 bytes.
}

TEST_F(ResolverTest, naptr_names_the_transports_and_their_order_before_srv) {
  dns.naptr("n.test", 20, 10, "SIP+D2U", "_sip._udp.n.test");
  dns.naptr("n.test", 10, 20, "SIP+D2T", "_sip._tcp.elsewhere.test");
  dns.naptr("n.test", 10, 10, "SIPS+D2T", "_sips._tcp.n.test");
  dns.naptr("n.test", 1, 1, "E2U+sip", "_sip._udp.wrong.test");
  dns.srv("_sip._udp.n.test", 1, 1, 5060, "u.n.test");
  dns.srv("_sip._tcp.elsewhere.test", 1, 1, 5062, "t.n.test");
  dns.srv("_sips._tcp.n.test", 1, 1, 5061, "s.n.test");
  dns.srv("_sip._udp.wrong.test", 1, 1, 5999, "u.n.test");
  dns.a("u.n.test", 2);
  dns.a("t.n.test", 3);
  dns.a("s.n.test", 4);
  EXPECT_EQ(hops({"n.test", 0, {}}),
            (Hops{"tls 127.0.0.4:5061", "tcp 127.0.0.3:5062", "udp 127.0.0.2:5060"}));
  EXPECT_EQ(hops({"n.test", 0, Transport::Udp}), Hops{"udp 127.0.0.2:5060"});
}

TEST_F(ResolverTest, an_old_answer_serves_on_while_no_name_server_does) {
  dns.a("steady.test", 2, 1);
  EXPECT_EQ(hops({"steady.test", 5060, {}}), Hops{"udp 127.0.0.2:5060"});
  dns.silent("steady.test");
  const int asked = dns.asked("steady.test");
  // It is kept for its second of TTL; then the silent server is asked, and the old answer given.
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (dns.asked("steady.test") == asked && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(hops({"steady.test", 5060, {}}), Hops{"udp 127.0.0.2:5060"});
  }
  EXPECT_GT(dns.asked("steady.test"), asked);
}

TEST_F(ResolverTest, too_many_queries_at_once_are_refused) {
  dns.silent("slow.test");
  start({.servers = dns.address(), .timeout = 300ms, .max_queries = 1});
  std::promise<void> first;
  thread.on([&] { resolver->resolve({"slow.test", 5060, {}}, [&](auto) { first.set_value(); }); });
  EXPECT_EQ(hops({"other.test", 5060, {}}), Hops{"error exhausted"});
  first.get_future().wait();
}

TEST_F(ResolverTest, destroyed_with_queries_under_way_it_calls_nobody) {
  dns.silent("slow.test");
  bool called = false;
  thread.on([&] {
    resolver->resolve({"slow.test", 5060, {}}, [&](auto) { called = true; });
    resolver->resolve({"192.0.2.1", 5060, {}}, [&](auto) { called = true; });
    resolver.reset();
  });
  thread.on([] {});
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace gw::sip
