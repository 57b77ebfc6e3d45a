#include "acs/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "acs/http/http_server.h"
#include "acs/http/self_signed.h"
#include "acs/http/url.h"
#include "tests/unit/acs/edge_fixture.h"
#include "tests/unit/acs/scripted_server.h"

namespace gw::test {
namespace {

using http::ClientRequest;
using http::ClientResponse;
using http::Request;
using http::Response;
using ::testing::HasSubstr;
using Answer = Result<ClientResponse>;
using Script = std::vector<ScriptedServer::Connection>;

// The gateway's own server and a client on its thread.
class HttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(http::ensure_self_signed({folder / "cert.pem", folder / "key.pem", {}}, clock));
    http::HttpConfig wanted;
    wanted.certificate = folder / "cert.pem";
    wanted.key = folder / "key.pem";
    wanted.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false},
                        {*SocketAddress::parse("127.0.0.1:0"), true}};
    server = http::HttpServer::create(wanted, metrics, Log{});
    server->route("/echo", [this](const Request& request, http::Respond respond) {
      {
        const std::lock_guard lock(mutex);
        peers.insert(request.peer.to_string());
        last = request;
      }
      respond(Response::text(200, request.body));
    });
    server->route("GET /never", [this](const Request&, http::Respond respond) {
      const std::lock_guard lock(mutex);
      held.push_back(std::move(respond));
      if (held.size() == awaited) all_held.set_value();
    });
    server->route("GET /large", [](const Request&, http::Respond respond) {
      respond(Response::text(200, std::string(100000, 'x')));
    });
    server->route("GET /moved", [](const Request&, http::Respond respond) {
      Response response = Response::text(302, "");
      response.headers.emplace_back("Location", "/echo");
      respond(std::move(response));
    });
    server->route("GET /loop", [](const Request&, http::Respond respond) {
      Response response = Response::text(302, "");
      response.headers.emplace_back("Location", "/loop");
      respond(std::move(response));
    });
    auto bound = server->start();
    ASSERT_TRUE(bound) << bound.error().detail;
    plain = "http://127.0.0.1:" + std::to_string(bound->front().address.port());
    tls_port = std::to_string(bound->back().address.port());
    config.authorities = folder / "cert.pem";
  }
  void TearDown() override {
    server->stop();
    client.reset();
  }

  void make_client() {
    auto made = http::HttpClient::create(config, server->loop(), metrics, Log{});
    ASSERT_TRUE(made) << made.error().detail;
    client = std::move(*made);
  }
  std::future<Answer> send(ClientRequest request) {
    if (!client) make_client();
    auto promise = std::make_shared<std::promise<Answer>>();
    client->send(std::move(request), [promise](Answer a) { promise->set_value(std::move(a)); });
    return promise->get_future();
  }
  Answer ask(ClientRequest request) { return send(std::move(request)).get(); }
  Answer get(const std::string& url) { return ask({.url = url}); }

  ScratchFolder folder;
  SystemClock clock;
  Metrics metrics;
  http::HttpClientConfig config;
  std::unique_ptr<http::HttpServer> server;
  std::unique_ptr<http::HttpClient> client;
  std::string plain, tls_port;

  std::mutex mutex;
  std::set<std::string> peers;
  Request last;
  std::vector<http::Respond> held;
  size_t awaited = 0;
  std::promise<void> all_held;
};

TEST_F(HttpClientTest, a_request_arrives_as_it_was_sent) {
  ClientRequest request;
  request.method = "PATCH";
  request.url = plain + "/echo?a=1&b=%20x#fragment";
  request.headers = {{"Authorization", "HMAC x"}, {"Content-Type", "application/json"}};
  request.body = R"({"a":1})";
  const Answer answer = ask(request);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200u);
  EXPECT_EQ(answer->body, request.body);
  EXPECT_THAT(std::string(answer->header("CONTENT-TYPE")), HasSubstr("text/plain"));
  EXPECT_EQ(last.method, "PATCH");
  EXPECT_EQ(last.target, "/echo?a=1&b=%20x");
  EXPECT_EQ(last.header("authorization"), "HMAC x");
  EXPECT_EQ(last.header("content-type"), "application/json");
  EXPECT_EQ(last.header("host"), plain.substr(7));
}

TEST_F(HttpClientTest, one_connection_serves_one_request_after_the_other) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(get(plain + "/echo"));
  EXPECT_EQ(peers.size(), 1u);
}

TEST_F(HttpClientTest, no_connection_is_kept_when_none_may_be) {
  config.idle_per_host = 0;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(get(plain + "/echo"));
  EXPECT_EQ(peers.size(), 3u);
}

TEST_F(HttpClientTest, tls_verifies_the_name_and_is_kept_as_well) {
  for (int i = 0; i < 3; ++i) {
    for (const char* host : {"localhost", "127.0.0.1"}) {
      const Answer answer = get("https://" + std::string(host) + ":" + tls_port + "/echo");
      ASSERT_TRUE(answer) << answer.error().detail;
      EXPECT_EQ(answer->status, 200u);
      EXPECT_TRUE(last.tls);
    }
  }
  EXPECT_EQ(peers.size(), 2u);  // One each: another name is another host.
}

TEST_F(HttpClientTest, a_certificate_that_nobody_vouches_for_is_refused) {
  config.authorities.clear();
  const Answer answer = get("https://localhost:" + tls_port + "/echo");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Unauthorized);
  EXPECT_THAT(answer.error().detail, HasSubstr("self-signed certificate"));
  EXPECT_THAT(answer.error().detail, HasSubstr("localhost:" + tls_port));
}

TEST_F(HttpClientTest, a_certificate_for_another_name_is_refused) {
  const Answer answer = get("https://127.0.0.2:" + tls_port + "/echo");
  ASSERT_FALSE(answer);
  // Nobody listens there, or another than we mean: never an answer.
  EXPECT_TRUE(answer.error().code == ErrorCode::Unavailable ||
              answer.error().code == ErrorCode::Unauthorized);

  http::HttpConfig wanted;
  ScratchFolder other;
  wanted.certificate = other / "cert.pem";
  wanted.key = other / "key.pem";
  ASSERT_TRUE(http::ensure_self_signed({wanted.certificate, wanted.key, {}}, clock));
  wanted.listeners = {{*SocketAddress::parse("127.0.0.3:0"), true}};
  const auto elsewhere = http::HttpServer::create(wanted, metrics, Log{});
  auto bound = elsewhere->start();
  ASSERT_TRUE(bound);
  client.reset();
  config.authorities = wanted.certificate;
  const std::string url = "https://" + bound->front().address.to_string() + "/";
  const Answer refused = get(url);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unauthorized);
  EXPECT_THAT(refused.error().detail, HasSubstr("IP address mismatch"));
  elsewhere->stop();
}

TEST_F(HttpClientTest, an_answer_that_does_not_come_ends_at_the_deadline) {
  ClientRequest request{.url = plain + "/never"};
  request.deadline = 50ms;
  const Answer answer = ask(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Timeout);
  EXPECT_THAT(answer.error().detail, HasSubstr("GET " + plain));
}

TEST_F(HttpClientTest, an_answer_larger_than_asked_for_is_refused) {
  ClientRequest request{.url = plain + "/large"};
  request.max_answer = 99999;
  const Answer answer = ask(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Protocol);
  EXPECT_THAT(answer.error().detail, HasSubstr("larger than 99999 bytes"));
  request.max_answer = 100000;
  EXPECT_TRUE(ask(request));
}

TEST_F(HttpClientTest, nobody_there_is_told_at_once) {
  uint16_t port = 0;
  {
    ScriptedServer gone(Script{});
    port = SocketAddress::parse(gone.url().substr(7, gone.url().size() - 8))->port();
  }
  const Answer answer = get("http://127.0.0.1:" + std::to_string(port) + "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(answer.error().detail, HasSubstr("refused"));
}

TEST_F(HttpClientTest, requests_beyond_the_hosts_share_wait_for_their_turn) {
  config.connections_per_host = 2;
  config.waiting_per_host = 1;
  awaited = 2;
  auto first = send({.url = plain + "/never"});
  auto second = send({.url = plain + "/never"});
  all_held.get_future().wait();
  auto third = send({.url = plain + "/echo"});
  const Answer fourth = get(plain + "/echo");
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().code, ErrorCode::Exhausted);
  EXPECT_TRUE(peers.empty());  // The third waits still.
  http::Respond respond;
  {
    const std::lock_guard lock(mutex);
    respond = held.front();
  }
  respond(Response::text(204, ""));
  EXPECT_EQ(first.get()->status, 204u);
  EXPECT_EQ(third.get()->status, 200u);
  held.back()(Response::text(200, ""));
  EXPECT_TRUE(second.get());
}

TEST_F(HttpClientTest, a_request_that_waits_for_its_turn_ends_at_its_deadline) {
  config.connections_per_host = 1;
  awaited = 1;
  auto first = send({.url = plain + "/never"});
  all_held.get_future().wait();
  ClientRequest late{.url = plain + "/echo"};
  late.deadline = 30ms;
  const Answer answer = ask(late);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Timeout);
  held.back()(Response::text(200, ""));
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(get(plain + "/echo"));  // Its turn was not lost.
}

TEST_F(HttpClientTest, redirects_are_followed_only_when_asked) {
  EXPECT_EQ(get(plain + "/moved")->status, 302u);
  ClientRequest request{.url = plain + "/moved"};
  request.max_redirects = 1;
  EXPECT_EQ(ask(request)->status, 200u);
  request.url = plain + "/loop";
  request.max_redirects = 3;
  EXPECT_EQ(ask(request)->status, 302u);
}

TEST_F(HttpClientTest, credentials_do_not_follow_a_redirect_to_another_host) {
  ScriptedServer elsewhere(
      Script{{"HTTP/1.1 302 Found\r\nLocation: " + plain + "/echo\r\nContent-Length: 0\r\n\r\n"}});
  ClientRequest request{.url = elsewhere.url()};
  request.headers = {{"Authorization", "Bearer secret"}, {"X-Other", "stays"}};
  request.max_redirects = 1;
  EXPECT_EQ(ask(request)->status, 200u);
  EXPECT_EQ(last.header("Authorization"), "");
  EXPECT_EQ(last.header("X-Other"), "stays");
}

TEST_F(HttpClientTest, what_could_split_a_request_is_never_sent) {
  EXPECT_EQ(get(plain + "/echo\r\nX: y").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(get(plain + "/a b").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(get("ftp://127.0.0.1/").error().code, ErrorCode::InvalidArgument);
  ClientRequest request{.url = plain + "/echo"};
  for (const auto& header : http::Headers{{"X", "a\r\nY: b"},
                                          {"X Y", "a"},
                                          {"", "a"},
                                          {"Content-Length", "5"},
                                          {"host", "other"}}) {
    request.headers = {header};
    const Answer answer = ask(request);
    ASSERT_FALSE(answer) << header.first;
    EXPECT_EQ(answer.error().code, ErrorCode::InvalidArgument);
  }
  request.headers.clear();
  request.method = "GET /other HTTP/1.1\r\n";
  EXPECT_EQ(ask(request).error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(peers.empty());
}

TEST_F(HttpClientTest, addresses_that_are_not_allowed_are_not_connected_to) {
  config.may_connect = [](const SocketAddress& address) { return !address.loopback(); };
  const Answer answer = get(plain + "/echo");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(answer.error().detail, HasSubstr("is not allowed"));
  EXPECT_TRUE(peers.empty());
}

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(HttpClientTest, a_kept_connection_that_the_server_closed_is_not_used) {
  ScriptedServer other(Script{{kOk}, {kOk}});
  ASSERT_TRUE(get(other.url()));
  ClientRequest post{.method = "POST", .url = other.url()};
  const Answer answer = ask(post);
  // The close has either been seen, or a POST is not said twice: never a wrong answer.
  if (!answer) {
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
  }
  EXPECT_LE(other.requests(), 2u);
}

TEST_F(HttpClientTest, a_request_that_may_be_repeated_is_sent_again_on_a_new_connection) {
  // The connection ends after its first answer, which the client may see before or after it has
  // sent the second request.
  ScriptedServer other(Script{{kOk}, {kOk}});
  for (int i = 0; i < 2; ++i) {
    const Answer answer = get(other.url());
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->body, "ok");
  }
  EXPECT_EQ(other.connections(), 2u);
}

TEST_F(HttpClientTest, what_is_no_http_is_an_error_and_not_asked_again) {
  ScriptedServer other(Script{{"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"}, {kOk}});
  const Answer answer = get(other.url());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Protocol);
  EXPECT_EQ(other.connections(), 1u);
}

TEST_F(HttpClientTest, interim_answers_are_passed_over) {
  ScriptedServer other(
      Script{{"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 "
              "Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  const Answer answer = get(other.url());
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200u);
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(HttpClientTest, chunks_and_an_answer_that_ends_with_the_connection_are_read) {
  ScriptedServer other(
      Script{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
              "HTTP/1.1 200 OK\r\n\r\nto the end"}});
  EXPECT_EQ(get(other.url())->body, "ok");
  EXPECT_EQ(get(other.url())->body, "to the end");
  EXPECT_EQ(other.connections(), 1u);
}

TEST_F(HttpClientTest, an_answer_that_breaks_off_is_an_error) {
  ScriptedServer other(Script{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"}});
  const Answer answer = get(other.url());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Protocol);
}

TEST_F(HttpClientTest, the_answer_to_head_has_no_body) {
  ScriptedServer other(Script{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", kOk}});
  const Answer head = ask({.method = "HEAD", .url = other.url()});
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(get(other.url())->body, "ok");
  EXPECT_EQ(other.connections(), 1u);
}

TEST_F(HttpClientTest, a_client_may_go_while_it_is_at_work) {
  awaited = 1;
  ClientRequest request{.url = plain + "/never"};
  auto answer = send(request);
  all_held.get_future().wait();
  client.reset();
  held.back()(Response::text(200, "late"));
  EXPECT_EQ(answer.get()->body, "late");  // What is under way is finished.
}

TEST_F(HttpClientTest, authorities_that_cannot_be_read_are_named) {
  config.authorities = "/nowhere/ca.pem";
  const auto made = http::HttpClient::create(config, server->loop(), metrics, Log{});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().detail, HasSubstr("/nowhere/ca.pem"));
}

TEST(Url, says_where_to_go) {
  const auto url = http::parse_url("HTTPS://Contoso.example/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "Contoso.example");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(url->authority(), "Contoso.example");
  EXPECT_EQ(http::parse_url("ws://[::1]:8080")->authority(), "[::1]:8080");
  EXPECT_EQ(http::parse_url("ws://[::1]:8080")->host, "::1");
  EXPECT_EQ(http::parse_url("wss://h?x")->target, "/?x");
  EXPECT_EQ(http::parse_url("wss://h?x")->origin(), "wss://h:443");
}

TEST(Url, refuses_what_is_none) {
  for (const char* text :
       {"", "h/a", "//h/a", "file:///etc/passwd", "http://", "http:///x", "http://h:0/",
        "http://h:65536/", "http://h:x/", "http://h:/", "http://u:p@h/", "http://[::1/",
        "http://[::1]x/", "http://[h]/", "http://h/\x80", "http://h\\x/", "http://h/\n"}) {
    EXPECT_FALSE(http::parse_url(text)) << text;
  }
  EXPECT_FALSE(http::parse_url("http://h/" + std::string(9000, 'a')));
}

}  // namespace
}  // namespace gw::test
