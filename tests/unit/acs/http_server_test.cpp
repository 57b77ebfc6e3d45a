#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <thread>

#include "acs/http/http_server.h"
#include "acs/http/origin.h"
#include "acs/http/self_signed.h"
#include "acs/http/url.h"
#include "tests/unit/acs/edge_fixture.h"
#include "tests/unit/acs/http_client.h"

namespace gw::test {
namespace {

using http::Request;
using http::Response;
using ::testing::HasSubstr;

class HttpTest : public ::testing::Test {
 protected:
  void start() {
    config.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false}};
    if (!config.certificate.empty())
      config.listeners.push_back({*SocketAddress::parse("127.0.0.1:0"), true});
    server = http::HttpServer::create(config, metrics, Log{});
    server->route("GET /hello", [](const Request& request, http::Respond respond) {
      respond(Response::json(200, "hello " + request.query_value("name").value_or("nobody")));
    });
    server->route("POST /echo", [](const Request& request, http::Respond respond) {
      respond(Response::text(200, request.body));
    });
    server->route("/tree/", [](const Request& request, http::Respond respond) {
      respond(Response::text(200, request.method + " " + request.path));
    });
    server->route("GET /tree/special/", [](const Request&, http::Respond respond) {
      respond(Response::text(200, "special"));
    });
    server->route("GET /later", [this](const Request&, http::Respond respond) {
      waiting.set_value(std::move(respond));
    });
    server->route("GET /throws",
                  [](const Request&, http::Respond) -> void { throw std::runtime_error("no"); });
    server->route("GET /silent", [](const Request&, http::Respond) {});
    std::ofstream(site / "index.html") << "<!doctype html>home";
    std::ofstream(site / "calling.js") << "export {};";
    std::ofstream(site / ".secret") << "secret";
    std::ofstream(outside / "secret.txt") << "secret";
    std::filesystem::create_symlink(outside / "secret.txt", site / "link.txt");
    server->files(site.path());
    auto bound = server->start();
    ASSERT_TRUE(bound) << bound.error().detail;
    port = bound->front().address.port();
    tls_port = bound->back().address.port();
  }
  void TearDown() override {
    if (server) server->stop();
  }
  double refused(const std::string& reason) {
    const std::string line = "gw_http_refused_total{reason=\"" + reason + "\"} ";
    const std::string text = metrics.expose();
    const size_t at = text.find(line);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + line.size()));
  }

  // The peer may see the end of its connection before the server has counted it.
  bool counted(const std::string& reason) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (refused(reason) == 0 && std::chrono::steady_clock::now() < deadline) {
      std::promise<void> turn;
      server->post([&] { turn.set_value(); });
      turn.get_future().wait();
    }
    return refused(reason) == 1;
  }

  ScratchFolder site, outside;
  Metrics metrics;
  http::HttpConfig config;
  std::promise<http::Respond> waiting;
  std::unique_ptr<http::HttpServer> server;
  uint16_t port = 0, tls_port = 0;
};

TEST_F(HttpTest, one_connection_serves_many_requests) {
  start();
  HttpClient client(port);
  for (const char* name : {"alice", "bob"}) {
    const auto answer = client.get("/hello?x=1&name=" + std::string(name));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, "hello " + std::string(name));
    EXPECT_EQ(answer->header("Content-Type"), "application/json");
  }
}

TEST_F(HttpTest, pipelined_requests_are_answered_in_order) {
  start();
  HttpClient client(port);
  client.write(
      "GET /hello?name=1 HTTP/1.1\r\nHost: h\r\n\r\nGET /hello?name=2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read()->body, "hello 1");
  EXPECT_EQ(client.read()->body, "hello 2");
}

TEST_F(HttpTest, the_longest_route_and_the_right_method_win) {
  start();
  HttpClient client(port);
  EXPECT_EQ(client.get("/tree/a/b")->body, "GET /tree/a/b");
  EXPECT_EQ(client.get("/tree/special/x")->body, "special");
  client.write("DELETE /tree/special/x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read()->body, "DELETE /tree/special/x");
  client.write("POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  const auto answer = client.read();
  EXPECT_EQ(answer->status, 405u);
  EXPECT_EQ(answer->header("Allow"), "GET");
}

TEST_F(HttpTest, head_has_the_length_and_no_body) {
  start();
  HttpClient client(port);
  client.write("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.read(true);
  EXPECT_EQ(answer->status, 200u);
  EXPECT_EQ(answer->header("Content-Length"), "12");
  EXPECT_EQ(client.get("/hello?name=x")->body, "hello x") << "nothing was left in between";
}

TEST_F(HttpTest, a_handler_may_answer_later_from_another_thread) {
  start();
  HttpClient client(port);
  client.write("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  http::Respond respond = waiting.get_future().get();
  std::thread([&] {
    respond(Response::text(200, "late"));
    respond(Response::text(500, "twice"));
  }).join();
  EXPECT_EQ(client.read()->body, "late");
  EXPECT_EQ(client.get("/hello?name=x")->body, "hello x");
}

TEST_F(HttpTest, an_answer_after_the_server_is_gone_is_dropped) {
  start();
  HttpClient client(port);
  client.write("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  http::Respond respond = waiting.get_future().get();
  server.reset();
  respond(Response::text(200, "late"));
}

TEST_F(HttpTest, a_handler_that_throws_or_never_answers_costs_its_request_only) {
  config.handler_timeout = 20ms;
  start();
  HttpClient client(port);
  EXPECT_EQ(client.get("/throws")->status, 500u);
  EXPECT_EQ(client.get("/silent")->status, 504u);
  EXPECT_EQ(client.get("/hello?name=x")->body, "hello x");
}

TEST_F(HttpTest, every_answer_carries_the_careful_headers) {
  start();
  HttpClient client(port);
  for (const char* path : {"/", "/hello", "/nothing"}) {
    const auto answer = client.get(path);
    EXPECT_EQ(answer->header("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(answer->header("Referrer-Policy"), "no-referrer") << path;
    EXPECT_THAT(answer->header("Content-Security-Policy"),
                HasSubstr("default-src 'self'; connect-src 'self' ws: wss:"));
  }
}

// ---- CORS ----

TEST_F(HttpTest, only_allowed_origins_may_read_answers) {
  config.allowed_origins = {"https://app.example.com", "localhost"};
  start();
  HttpClient client(port);
  for (const char* good : {"https://app.example.com", "http://localhost:5173",
                           "http://127.0.0.1:3000", "http://127.0.0.1"}) {
    EXPECT_EQ(client.get("/hello", "Origin: " + std::string(good) + "\r\n")
                  ->header("Access-Control-Allow-Origin"),
              good);
  }
  for (const char* bad :
       {"https://evil.example.com", "http://app.example.com", "https://app.example.com:444", "null",
        "http://localhost.evil.net", "http://127.0.0.1.evil.net"}) {
    const auto answer = client.get("/hello", "Origin: " + std::string(bad) + "\r\n");
    EXPECT_EQ(answer->header("Access-Control-Allow-Origin"), "") << bad;
    EXPECT_EQ(answer->header("Vary"), "Origin");
  }
}

TEST_F(HttpTest, a_preflight_is_answered_for_allowed_origins_only) {
  config.allowed_origins = {"https://app.example.com"};
  start();
  HttpClient client(port);
  const auto ask = [&](const std::string& origin) {
    client.write("OPTIONS /echo HTTP/1.1\r\nHost: h\r\nOrigin: " + origin +
                 "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
                 "x-ms-date\r\n\r\n");
    return client.read();
  };
  const auto good = ask("https://app.example.com");
  EXPECT_EQ(good->status, 204u);
  EXPECT_EQ(good->header("Access-Control-Allow-Origin"), "https://app.example.com");
  EXPECT_EQ(good->header("Access-Control-Allow-Headers"), "x-ms-date");
  EXPECT_THAT(good->header("Access-Control-Allow-Methods"), HasSubstr("POST"));
  const auto bad = ask("https://evil.example.com");
  EXPECT_EQ(bad->status, 403u);
  EXPECT_EQ(bad->header("Access-Control-Allow-Origin"), "");
}

TEST(HttpOrigin, a_rebound_name_is_not_this_machine) {
  Request request;
  const auto with_host = [&](const char* host) {
    request.headers = {{"Host", host}};
    return http::host_is_loopback(request);
  };
  for (const char* good :
       {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8443"}) {
    EXPECT_TRUE(with_host(good)) << good;
  }
  for (const char* bad : {"", "evil.example.com", "localhost.evil.com", "127.0.0.1.nip.io",
                          "localhost:80@evil.com", "[::1", "[::1]x", "192.168.1.1", "[::2]:1"}) {
    EXPECT_FALSE(with_host(bad)) << bad;
  }
}

// ---- Files ----

TEST_F(HttpTest, files_come_with_type_and_tag_and_are_not_sent_twice) {
  start();
  HttpClient client(port);
  const auto home = client.get("/");
  EXPECT_EQ(home->status, 200u);
  EXPECT_EQ(home->body, "<!doctype html>home");
  EXPECT_EQ(home->header("Content-Type"), "text/html; charset=utf-8");
  const auto script = client.get("/calling.js");
  EXPECT_EQ(script->header("Content-Type"), "text/javascript; charset=utf-8");
  const std::string tag = script->header("ETag");
  ASSERT_FALSE(tag.empty());
  const auto again = client.get("/calling.js", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(again->status, 304u);
  EXPECT_EQ(again->body, "");
  std::ofstream(site / "calling.js") << "export const changed = 1;";
  const auto changed = client.get("/calling.js", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(changed->status, 200u);
  EXPECT_NE(changed->header("ETag"), tag);
}

TEST_F(HttpTest, nothing_outside_the_folder_is_served) {
  start();
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/a/..%5c..%5csecret.txt",
        "/link.txt", "/.secret", "/%2esecret", "//etc/passwd", "/%00", "/index.html%00.js",
        "/./../secret.txt", "/a/%2e%2e/%2e%2e/secret.txt"}) {
    HttpClient client(port);
    const auto answer = client.get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_TRUE(answer->status == 404 || answer->status == 400) << path << " " << answer->status;
    EXPECT_EQ(answer->body.find("secret\n"), std::string::npos) << path;
  }
}

TEST(HttpUrl, targets_are_normalised_or_refused) {
  EXPECT_EQ(http::parse_target("/a//b/./c?x=%2e")->path, "/a/b/c");
  EXPECT_EQ(http::parse_target("/a?x=%2e&y")->query, "x=%2e&y");
  EXPECT_EQ(http::parse_target("http://host:1/a/?q")->path, "/a/");
  EXPECT_EQ(http::parse_target("http://host")->path, "/");
  EXPECT_EQ(http::parse_target("/8%3Aacs%3Ax")->path, "/8:acs:x");
  for (const char* bad :
       {"", "a", "/%", "/%4", "/%zz", "/..", "/a/../b", "/%2e.", "/a%0d%0ab", "/a\\b"}) {
    EXPECT_FALSE(http::parse_target(bad)) << bad;
  }
}

// ---- Limits ----

TEST_F(HttpTest, a_header_that_is_too_long_gets_431) {
  start();
  HttpClient client(port);
  client.write("GET /hello HTTP/1.1\r\nHost: h\r\nX: " + std::string(17000, 'a') + "\r\n\r\n");
  EXPECT_EQ(client.read()->status, 431u);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(refused("header_size"), 1);
}

TEST_F(HttpTest, a_body_that_is_too_long_gets_413_announced_or_not) {
  config.max_body = 1000;
  start();
  HttpClient announced(port);
  announced.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(announced.read()->status, 413u);
  HttpClient chunked(port);
  chunked.write("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                std::string(1001, 'a') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read()->status, 413u);
  HttpClient fits(port);
  fits.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" +
             std::string(1000, 'a'));
  EXPECT_EQ(fits.read()->body.size(), 1000u);
}

TEST_F(HttpTest, what_is_not_http_gets_400) {
  start();
  for (const char* bad :
       {"\x16\x03\x01\x02\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    HttpClient client(port);
    client.write(bad);
    const auto answer = client.read();
    ASSERT_TRUE(answer) << bad;
    EXPECT_EQ(answer->status, 400u) << bad;
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(refused("malformed"), 5);
}

TEST_F(HttpTest, a_request_that_never_ends_is_given_up) {
  config.request_timeout = 30ms;
  start();
  HttpClient client(port);
  client.write("GET /hello HT");
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(counted("timeout"));
}

TEST_F(HttpTest, an_idle_connection_is_closed_and_that_is_no_fault) {
  config.idle_timeout = 30ms;
  start();
  HttpClient client(port);
  EXPECT_EQ(client.get("/hello")->status, 200u);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(refused("timeout"), 0);
}

TEST_F(HttpTest, connections_beyond_the_limit_are_closed) {
  config.max_connections = 2;
  start();
  HttpClient first(port), second(port);
  EXPECT_EQ(first.get("/hello")->status, 200u);
  EXPECT_EQ(second.get("/hello")->status, 200u);
  HttpClient third(port);
  EXPECT_TRUE(third.closed());
  EXPECT_TRUE(counted("connections"));
  EXPECT_EQ(first.get("/hello")->status, 200u);
}

TEST_F(HttpTest, expect_100_continue_is_obeyed) {
  start();
  HttpClient client(port);
  client.write(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read(true)->status, 100u);
  client.write("hi");
  EXPECT_EQ(client.read()->body, "hi");
}

// ---- TLS ----

TEST_F(HttpTest, the_first_start_certificate_is_good_for_loopback_and_reloads) {
  ManualClock clock;
  const http::SelfSigned wanted{
      site / "cert.pem", site / "key.pem", {"gw.example.com", "192.0.2.7"}};
  SystemClock now;
  ASSERT_TRUE(*http::ensure_self_signed(wanted, now));
  struct stat status {};
  ASSERT_EQ(::stat(wanted.key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(*http::ensure_self_signed(wanted, now)) << "a good one is kept";

  config.certificate = wanted.certificate;
  config.key = wanted.key;
  start();
  {
    HttpClient client(tls_port, true, wanted.certificate);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.tls_version(), "TLSv1.3");
    EXPECT_EQ(client.get("/hello")->status, 200u);
  }
  const std::string old = site / "old.pem";
  std::filesystem::rename(wanted.certificate, old);
  ASSERT_TRUE(*http::ensure_self_signed(wanted, now));
  ASSERT_TRUE(server->reload_certificate());
  EXPECT_TRUE(HttpClient(port).get("/hello"));  // The swap has run on the Asio thread by now.
  EXPECT_TRUE(HttpClient(tls_port, true, wanted.certificate).connected());
  EXPECT_FALSE(HttpClient(tls_port, true, old).connected());
}

TEST_F(HttpTest, a_certificate_about_to_expire_is_made_anew) {
  ManualClock clock;
  const http::SelfSigned wanted{site / "cert.pem", site / "key.pem", {}};
  ASSERT_TRUE(*http::ensure_self_signed(wanted, clock));
  clock.advance(24h * 389);
  EXPECT_FALSE(*http::ensure_self_signed(wanted, clock));
  clock.advance(24h * 2);
  EXPECT_TRUE(*http::ensure_self_signed(wanted, clock));
}

TEST_F(HttpTest, a_missing_certificate_is_named_at_start) {
  config.listeners = {{*SocketAddress::parse("127.0.0.1:0"), true}};
  config.certificate = "/nowhere/cert.pem";
  config.key = "/nowhere/key.pem";
  auto broken = http::HttpServer::create(config, metrics, Log{});
  const auto result = broken->start();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().detail, HasSubstr("/nowhere/cert.pem"));
}

TEST_F(HttpTest, a_port_that_is_taken_is_named_at_start) {
  start();
  http::HttpConfig same;
  same.listeners = {{*SocketAddress::parse("127.0.0.1:" + std::to_string(port)), false}};
  auto second = http::HttpServer::create(same, metrics, Log{});
  const auto result = second->start();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().detail, HasSubstr(std::to_string(port)));
}

TEST_F(HttpTest, timers_and_tasks_run_on_the_servers_thread) {
  start();
  std::promise<std::thread::id> posted, later;
  server->post([&] { posted.set_value(std::this_thread::get_id()); });
  server->after(1ms, [&] { later.set_value(std::this_thread::get_id()); });
  const auto thread = posted.get_future().get();
  EXPECT_EQ(later.get_future().get(), thread);
  EXPECT_NE(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace gw::test
