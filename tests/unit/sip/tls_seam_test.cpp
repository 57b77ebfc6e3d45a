#define NTA_AGENT_MAGIC_T struct gw_test_agent
#define NTA_OUTGOING_MAGIC_T struct gw_test_request
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/net.h"
#include "sip/sofia_seam/sofia_seam.h"
#include "sip/sofia_seam/tls_config.h"
#include "tests/unit/support/sofia_loop_thread.h"
#include "tests/unit/support/test_certificates.h"

// After ours: Sofia's macros (sip_call_id, ...) would rewrite them.
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_strlst.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

#include "sip/sofia_ptr.h"

// One nta agent with a TLS listener; answers every request 200, with the request's body when it has
// one.
struct gw_test_agent {
  gw::sip::AgentPtr agent;
  std::vector<std::string> subjects;  // Of the last request's peer.
  std::set<uint16_t> ports;           // That requests came from.
  int requests = 0;
};

// An OPTIONS of ours and its final status.
struct gw_test_request {
  std::promise<std::pair<int, std::string>> done;
  gw::sip::OutgoingPtr transaction;
};

namespace gw::sip {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

int on_request(gw_test_agent* self, nta_agent_t* agent, msg_t* msg, sip_t* sip) {
  ++self->requests;
  self->ports.insert(ntohs(msg_addr(msg)->su_port));
  self->subjects.clear();
  tport_t* tport = tport_delivered_by(nta_agent_tports(agent), msg);
  if (const su_strlst_t* names = tport_delivered_from_subjects(tport, msg)) {
    for (usize_t i = 0; i < su_strlst_len(names); ++i) {
      self->subjects.emplace_back(su_strlst_item(names, i));
    }
  }
  if (sip->sip_request->rq_method == sip_method_ack) {
    nta_msg_discard(agent, msg);
    return 0;
  }
  const std::string body =
      sip->sip_payload ? std::string(sip->sip_payload->pl_data, sip->sip_payload->pl_len) : "";
  nta_msg_treply(agent, msg, SIP_200_OK, TAG_IF(!body.empty(), SIPTAG_PAYLOAD_STR(body.c_str())),
                 TAG_END());
  return 0;
}

int on_response(gw_test_request* self, nta_outgoing_t*, sip_t const* sip) {
  const int status = sip->sip_status->st_status;
  if (status < 200) return 0;
  const std::string body =
      sip->sip_payload ? std::string(sip->sip_payload->pl_data, sip->sip_payload->pl_len) : "";
  self->done.set_value({status, body});
  return 0;
}

class TlsSeamTest : public testing::Test {
 protected:
  // One certificate for `alt_names`, issued by `issuer` (our CA when null), as TLS identity `name`.
  TlsFiles files(const std::string& name, const std::string& alt_names,
                 ClientCertificates clients = ClientCertificates::Off,
                 const test::TestCertificate* issuer = nullptr) {
    const auto leaf = test::make_certificate(name, alt_names, issuer ? issuer : &ca);
    std::vector<test::TestCertificate> chain{leaf};
    if (issuer != nullptr && issuer != &ca) chain.push_back(*issuer);
    return {.certificate = pem.certificates(name + ".pem", chain),
            .key = pem.key(name + ".key", leaf),
            .ca = pem.certificates("ca.pem", {ca}),
            .clients = clients};
  }
  void identity(const std::string& name, const TlsFiles& with) {
    const auto set = set_tls_identity(name, with, [this](const TlsFailure& failure) {
      failures.push_back((failure.outgoing ? "to " : "from ") + failure.host + ": " +
                         failure.reason);
    });
    ASSERT_TRUE(set) << set.error().detail;
  }

  std::unique_ptr<gw_test_agent> agent(const std::string& identity_name, bool v6 = false) {
    return thread.on([&] {
      auto out = std::make_unique<gw_test_agent>();
      out->agent.reset(nta_agent_create(thread.loop().root(),
                                        URL_STRING_MAKE("sip:127.0.0.1:0;transport=udp"),
                                        on_request, out.get(), NTATAG_UA(1), NTATAG_STATELESS(1),
                                        NTATAG_TIMER_C(0), NTATAG_MAXSIZE(4 << 20), TAG_END()));
      const std::string url = v6 ? "sips:[::1]:0" : "sips:127.0.0.1:0";
      const int added = nta_agent_add_tport(out->agent.get(), URL_STRING_MAKE(url.c_str()),
                                            TPTAG_CERTIFICATE(identity_name.c_str()), TAG_END());
      if (added < 0) out.reset();
      return out;
    });
  }
  void destroy(std::unique_ptr<gw_test_agent>& which) {
    thread.on([&] { which.reset(); });
  }
  std::string port(const gw_test_agent& of) {
    return thread.on([&] {
      for (tport_t* tp = tport_primaries(nta_agent_tports(of.agent.get())); tp;
           tp = tport_next(tp)) {
        if (tport_has_tls(tp)) return std::string(tport_name(tp)->tpn_port);
      }
      return std::string();
    });
  }

  // OPTIONS to `host`, wherever it is, at 127.0.0.1 (or ::1): the final status and the body that
  // came back.
  std::pair<int, std::string> options(gw_test_agent& from, const std::string& host,
                                      const std::string& at_port, const std::string& body = "",
                                      const std::string& address = "127.0.0.1") {
    gw_test_request request;
    auto done = request.done.get_future();
    nta_leg_t* leg = nullptr;
    thread.on([&] {
      leg = nta_leg_tcreate(from.agent.get(), nullptr, nullptr, NTATAG_NO_DIALOG(1),
                            SIPTAG_FROM_STR("<sips:a@client.test>;tag=1"),
                            SIPTAG_TO_STR("<sips:b@server.test>"), TAG_END());
      const std::string route = "sips:" + host + ":" + at_port + ";maddr=" + address;
      request.transaction.reset(
          nta_outgoing_tcreate(leg, on_response, &request, URL_STRING_MAKE(route.c_str()),
                               SIP_METHOD_OPTIONS, URL_STRING_MAKE("sips:b@server.test"),
                               TAG_IF(!body.empty(), SIPTAG_PAYLOAD_STR(body.c_str())), TAG_END()));
    });
    std::pair<int, std::string> out{0, ""};
    if (done.wait_for(kPatience) == std::future_status::ready) out = done.get();
    thread.on([&] {
      request.transaction.reset();
      nta_leg_destroy(leg);
    });
    return out;
  }

  test::PemFiles pem;
  test::TestCertificate ca = test::make_certificate("Test CA", "", nullptr, true);
  std::vector<std::string> failures;  // Filled on the loop; read while it rests.
  test::SofiaLoopThread thread;
};

// A TLS client that knows nothing of Sofia.
struct RawClient {
  explicit RawClient(const std::string& port)
      : context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto to = *SocketAddress::parse("127.0.0.1:" + port);
    connected = ::connect(fd, to.data(), to.size()) == 0;
  }
  ~RawClient() {
    ssl.reset();
    ::close(fd);
  }
  bool handshake(const std::string& sni = "") {
    ssl = {SSL_new(context.get()), SSL_free};
    SSL_set_fd(ssl.get(), fd);
    if (!sni.empty()) SSL_set_tlsext_host_name(ssl.get(), sni.c_str());
    const bool done = SSL_connect(ssl.get()) == 1;
    ERR_clear_error();
    return done;
  }
  // TLS 1.3 tells a client that it was refused only when it reads.
  bool answers() {
    static constexpr char kPing[] =
        "OPTIONS sips:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK1\r\n"
        "From: <sips:a@b>;tag=1\r\nTo: <sips:x@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    char answer[64] = {};
    const bool got = SSL_write(ssl.get(), kPing, sizeof kPing - 1) > 0 &&
                     SSL_read(ssl.get(), answer, sizeof answer - 1) > 0;
    ERR_clear_error();
    return got && std::string(answer).starts_with("SIP/2.0 200");
  }
  std::string common_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(ssl.get()),
                                                           X509_free);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};
  int fd = -1;
  bool connected = false;
};

TEST(SofiaSeam, every_function_is_ours) {
  const auto checked = sofia_seam_check();
  EXPECT_TRUE(checked) << checked.error().detail;
}

TEST_F(TlsSeamTest, a_request_crosses_when_the_certificate_bears_the_name) {
  identity("t-server", files("server", "DNS:server.test"));
  identity("t-client", files("client", "DNS:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  ASSERT_TRUE(server && client);
  EXPECT_EQ(options(*client, "server.test", port(*server), "hello"),
            std::pair(200, std::string("hello")));
  EXPECT_TRUE(failures.empty());
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, a_certificate_for_an_address_is_good_for_that_address_also_in_ipv6) {
  identity("t-server", files("server", "IP:127.0.0.1,IP:::1"));
  identity("t-client", files("client", "DNS:client.test"));
  auto client = agent("t-client");
  auto client6 = agent("t-client", true);
  auto server = agent("t-server");
  auto server6 = agent("t-server", true);
  ASSERT_TRUE(client && server && server6 && client6);
  EXPECT_EQ(options(*client, "127.0.0.1", port(*server)).first, 200);
  EXPECT_EQ(options(*client6, "[::1]", port(*server6), "", "[::1]").first, 200);
  destroy(client);
  destroy(client6);
  destroy(server);
  destroy(server6);
}

TEST_F(TlsSeamTest, another_name_is_refused_at_once_and_the_reason_told) {
  identity("t-server", files("server", "DNS:other.test,IP:127.0.0.1"));
  identity("t-client", files("client", "DNS:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 503);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  thread.on([&] { EXPECT_EQ(server->requests, 0); });
  ASSERT_FALSE(failures.empty());
  EXPECT_NE(std::find(failures.begin(), failures.end(), "to server.test: hostname mismatch"),
            failures.end())
      << failures.front();
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, an_unknown_authority_and_an_expired_certificate_are_refused) {
  const auto stranger = test::make_certificate("Stranger CA", "", nullptr, true);
  auto untrusted = files("server", "DNS:server.test", ClientCertificates::Off, &stranger);
  identity("t-server", untrusted);
  identity("t-client", files("client", "DNS:client.test"));
  auto client = agent("t-client");
  auto server = agent("t-server");
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 503);
  thread.on([&] { EXPECT_EQ(server->requests, 0); });

  const auto old = test::make_certificate("server", "DNS:server.test", &ca, false, -7200, -3600);
  untrusted.certificate = pem.certificates("old.pem", {old});
  untrusted.key = pem.key("old.key", old);
  identity("t-server", untrusted);
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 503);
  thread.on([&] { EXPECT_EQ(server->requests, 0); });
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, the_whole_chain_is_sent) {
  const auto intermediate = test::make_certificate("Intermediate", "", &ca, true);
  identity("t-server", files("server", "DNS:server.test", ClientCertificates::Off, &intermediate));
  identity("t-client", files("client", "DNS:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 200);
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, a_connection_is_used_again_for_names_of_its_certificate_and_for_no_other) {
  identity("t-server", files("server", "DNS:one.test,DNS:uno.test"));
  identity("t-other", files("other", "DNS:two.test"));
  identity("t-client", files("client", "DNS:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  const auto at = port(*server);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(options(*client, "one.test", at).first, 200);
    EXPECT_EQ(options(*client, "uno.test", at).first, 200);
    EXPECT_EQ(options(*client, "two.test", at).first, 200);
    EXPECT_EQ(options(*client, "three.test", at).first, 503);
  }
  thread.on([&] {
    EXPECT_EQ(server->requests, 9);
    EXPECT_EQ(server->ports.size(), 2u);
  });
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, a_client_certificate_is_shown_verified_and_named) {
  identity("t-server", files("server", "DNS:server.test", ClientCertificates::Required));
  identity("t-client", files("client", "DNS:sbc.client.test,IP:192.0.2.7,URI:sip:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 200);
  thread.on([&] {
    EXPECT_EQ(server->subjects,
              (std::vector<std::string>{"sbc.client.test", "192.0.2.7", "sip:client.test"}));
  });
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, a_called_host_with_files_of_its_own_is_shown_those_and_others_the_agents) {
  identity("t-server",
           files("server", "DNS:server.test,DNS:other.test", ClientCertificates::Required));
  identity("t-client", files("client", "DNS:client.test"));
  ASSERT_TRUE(
      set_called_identity("t-client", "Server.test", files("own", "DNS:sbc1.contoso.test")));
  auto server = agent("t-server");
  auto client = agent("t-client");
  EXPECT_EQ(options(*client, "server.test", port(*server)).first, 200);
  thread.on([&] { EXPECT_EQ(server->subjects, std::vector<std::string>{"sbc1.contoso.test"}); });
  destroy(client);
  auto elsewhere = agent("t-client");
  EXPECT_EQ(options(*elsewhere, "other.test", port(*server)).first, 200);
  thread.on([&] { EXPECT_EQ(server->subjects, std::vector<std::string>{"client.test"}); });
  destroy(elsewhere);
  keep_called_identities("t-client", {});
  auto again = agent("t-client");
  EXPECT_EQ(options(*again, "server.test", port(*server)).first, 200);
  thread.on([&] { EXPECT_EQ(server->subjects, std::vector<std::string>{"client.test"}); });
  destroy(again);
  destroy(server);
}

TEST_F(TlsSeamTest, client_certificates_required_optional_and_off) {
  for (const auto policy :
       {ClientCertificates::Off, ClientCertificates::Optional, ClientCertificates::Required}) {
    identity("t-server", files("server", "DNS:server.test", policy));
    auto server = agent("t-server");
    RawClient client(port(*server));
    const bool served = client.handshake() && client.answers();
    EXPECT_EQ(served, policy != ClientCertificates::Required);
    thread.on([&] { EXPECT_TRUE(server->subjects.empty()); });
    destroy(server);
  }
}

TEST_F(TlsSeamTest, an_unverified_client_certificate_is_refused_also_when_optional) {
  const auto rogue = test::make_certificate("rogue", "DNS:sbc.client.test");
  identity("t-server", files("server", "DNS:server.test", ClientCertificates::Optional));
  auto server = agent("t-server");
  RawClient client(port(*server));
  SSL_CTX_use_certificate(client.context.get(), rogue.certificate.get());
  SSL_CTX_use_PrivateKey(client.context.get(), rogue.key.get());
  EXPECT_FALSE(client.handshake() && client.answers());
  destroy(server);
}

TEST_F(TlsSeamTest,
       tls_1_2_and_1_3_are_served_older_ones_and_suites_without_forward_secrecy_are_not) {
  identity("t-server", files("server", "DNS:server.test"));
  auto server = agent("t-server");
  const auto serves = [&](int version, const char* ciphers) {
    RawClient client(port(*server));
    SSL_CTX_set_security_level(client.context.get(), 0);
    SSL_CTX_set_min_proto_version(client.context.get(), version);
    SSL_CTX_set_max_proto_version(client.context.get(), version);
    SSL_CTX_set_cipher_list(client.context.get(), ciphers);
    return client.handshake() && client.answers();
  };
  EXPECT_TRUE(serves(TLS1_3_VERSION, "ALL"));
  EXPECT_TRUE(serves(TLS1_2_VERSION, "ALL:@SECLEVEL=0"));
  EXPECT_FALSE(serves(TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
  EXPECT_FALSE(serves(TLS1_2_VERSION, "kRSA:@SECLEVEL=0"));
  EXPECT_FALSE(serves(TLS1_2_VERSION, "ECDHE+SHA1:@SECLEVEL=0"));
  destroy(server);
}

TEST_F(TlsSeamTest, the_name_asked_for_chooses_the_certificate) {
  identity("t-server", files("one", "DNS:one.test"));
  identity("t-other", files("two", "DNS:two.test"));
  auto server = agent("t-server");
  const auto served_for = [&](const std::string& sni) {
    RawClient client(port(*server));
    return client.handshake(sni) ? client.common_name() : "none";
  };
  EXPECT_EQ(served_for("one.test"), "one");
  EXPECT_EQ(served_for("two.test"), "two");
  EXPECT_EQ(served_for("unknown.test"), "one");
  EXPECT_EQ(served_for(""), "one");
  destroy(server);
}

TEST_F(TlsSeamTest, a_reload_serves_new_connections_and_leaves_the_open_ones) {
  identity("t-server", files("before", "DNS:server.test"));
  auto server = agent("t-server");
  RawClient old_one(port(*server));
  ASSERT_TRUE(old_one.handshake());
  identity("t-server", files("after", "DNS:server.test"));
  RawClient new_one(port(*server));
  ASSERT_TRUE(new_one.handshake());
  EXPECT_EQ(new_one.common_name(), "after");
  EXPECT_TRUE(old_one.answers());
  EXPECT_TRUE(new_one.answers());
  destroy(server);
}

TEST_F(TlsSeamTest, files_that_do_not_fit_are_refused_with_the_reason_and_the_old_ones_stay) {
  const auto good = files("server", "DNS:server.test");
  identity("t-server", good);
  auto no_file = good;
  no_file.certificate = pem.directory() + "/nothing.pem";
  auto wrong_key = good;
  wrong_key.key = pem.key("wrong.key", test::make_certificate("x"));
  auto no_ca = good;
  no_ca.ca = pem.directory() + "/nothing.pem";
  for (const auto& bad : {no_file, wrong_key, no_ca}) {
    const auto set = set_tls_identity("t-server", bad);
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(set.error().detail.find(pem.directory()), std::string::npos) << set.error().detail;
  }
  auto server = agent("t-server");
  EXPECT_TRUE(server);
  destroy(server);
}

TEST_F(TlsSeamTest, a_listener_without_an_identity_cannot_be_made) {
  EXPECT_FALSE(agent("t-nobody"));
}

TEST_F(TlsSeamTest, large_messages_cross_in_both_directions_whole) {
  identity("t-server", files("server", "DNS:server.test"));
  identity("t-client", files("client", "DNS:client.test"));
  auto server = agent("t-server");
  auto client = agent("t-client");
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += std::to_string(i) + ",";
  const auto [status, echoed] = options(*client, "server.test", port(*server), body);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(echoed.size(), body.size());
  EXPECT_TRUE(echoed == body);
  destroy(client);
  destroy(server);
}

TEST_F(TlsSeamTest, garbage_and_half_handshakes_harm_nobody) {
  identity("t-server", files("server", "DNS:server.test"));
  auto server = agent("t-server");
  for (int i = 0; i < 50; ++i) {
    RawClient client(port(*server));
    ASSERT_TRUE(client.connected);
    const std::string garbage(1 + 37 * i, static_cast<char>(i * 5));
    ::send(client.fd, garbage.data(), garbage.size(), MSG_NOSIGNAL);
  }
  RawClient silent(port(*server));
  RawClient good(port(*server));
  EXPECT_TRUE(good.handshake() && good.answers());
  destroy(server);
}

TEST_F(TlsSeamTest, refused_and_failed_connections_leave_no_descriptor_behind) {
  identity("t-server", files("server", "DNS:server.test", ClientCertificates::Required));
  auto server = agent("t-server");
  const std::string at = port(*server);
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_descriptors();
  // More than the gate lets through at once: garbage, no certificate, refused.
  for (int i = 0; i < 600; ++i) {
    RawClient client(at);
    ASSERT_TRUE(client.connected);
    if (i % 100 == 0) {
      EXPECT_FALSE(client.handshake() && client.answers());
      continue;
    }
    ::send(client.fd, "garbage garbage", 15, MSG_NOSIGNAL);
    char rest[64];
    while (::recv(client.fd, rest, sizeof rest, 0) > 0) {  // Until the server hangs up.
    }
  }
  EXPECT_LE(open_descriptors(), before + 2);
  destroy(server);
}

TEST_F(TlsSeamTest, one_source_cannot_take_every_descriptor) {
  // The bound of a thread is made when its first connection comes.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit narrow{1024, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &narrow);
  constexpr size_t kBound = 1024 / 16;
  identity("t-server", files("server", "DNS:server.test"));
  auto server = agent("t-server");
  const std::string at = port(*server);
  const uint64_t before = refused_connections();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kBound; ++i) clients.push_back(std::make_unique<RawClient>(at));
  RawClient too_many(at);
  char byte = 0;
  EXPECT_LE(::recv(too_many.fd, &byte, 1, 0), 0);  // Hung up on.
  EXPECT_EQ(refused_connections(), before + 1);
  clients.clear();
  // Room again once the server has seen them go.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  bool served = false;
  while (!served && std::chrono::steady_clock::now() < until) {
    RawClient again(at);
    served = again.handshake() && again.answers();
  }
  EXPECT_TRUE(served);
  destroy(server);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_F(TlsSeamTest, finished_connections_leave_no_memory_behind) {
  identity("t-server", files("server", "DNS:server.test", ClientCertificates::Optional));
  auto server = agent("t-server");
  const auto leaf = test::make_certificate("client", "DNS:client.test", &ca);
  const std::string at = port(*server);
  // Both ends run here: what the client keeps shows too. Waits until the server has dropped its
  // end.
  const auto visit = [&](int times) {
    for (int i = 0; i < times; ++i) {
      RawClient client(at);
      SSL_CTX_use_certificate(client.context.get(), leaf.certificate.get());
      SSL_CTX_use_PrivateKey(client.context.get(), leaf.key.get());
      ASSERT_TRUE(client.handshake() && client.answers());
      SSL_shutdown(client.ssl.get());
      char rest[256];
      while (SSL_read(client.ssl.get(), rest, sizeof rest) > 0) {
      }
      ERR_clear_error();
      while (::recv(client.fd, rest, sizeof rest, 0) > 0) {
      }
    }
  };
  const auto in_use = [&] { return thread.on([] { return ::mallinfo2().uordblks; }); };
  visit(60);
  const auto before = in_use();
  visit(300);
  const auto grown = static_cast<long>(in_use()) - static_cast<long>(before);
  // Debian's own layer would keep 300 * 48 KB.
  RecordProperty("bytes_per_connection", std::to_string(grown / 300));
  EXPECT_LT(grown, 300 * 1'024) << "bytes for each connection: " << grown / 300;
  destroy(server);
}

}  // namespace
}  // namespace gw::sip
