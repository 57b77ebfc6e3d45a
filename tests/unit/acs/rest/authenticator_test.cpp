#include "acs/rest/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "acs/identity/base64.h"
#include "acs/rest/authorization.h"
#include "acs/rest/http_date.h"
#include "tests/unit/acs/rest/recorded_requests.h"

namespace gw::test {
namespace {

using acs::http::Request;
using acs::rest::Authenticator;
using acs::rest::parse_authorization;
using acs::rest::parse_http_date;
using acs::rest::Verdict;
using ::testing::ElementsAre;

const WallTime kRecordedAt = *parse_http_date("Fri, 20 Nov 2026 15:07:08 GMT");
constexpr const char* kEmptyHash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

Authenticator door(const std::vector<std::string>& keys,
                   const std::vector<std::string>& api_keys = {}) {
  std::vector<Masked> access, api;
  for (const std::string& key : keys) access.emplace_back(key);
  for (const std::string& key : api_keys) api.emplace_back(key);
  return {access, api};
}

Request request_of(const RecordedRequest& recorded) {
  Request request;
  request.method = recorded.method;
  request.target = recorded.target;
  request.body = recorded.body;
  request.headers = {
      {"Host", std::string(kRecordedHost)},
      {"x-ms-date", std::string(recorded.date)},
      {"x-ms-content-sha256", std::string(recorded.content_hash)},
      {"Authorization", "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" +
                            std::string(recorded.signature)},
  };
  return request;
}

void set(Request& request, const std::string& name, const std::string& value) {
  for (auto& [key, old] : request.headers) {
    if (key == name) old = value;
  }
}

std::string sign(const std::string& text) {
  const std::string key = *acs::identity::base64_decode(kRecordedKey);
  std::string out(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return acs::identity::base64_encode(out);
}

// A request without a body whose signature covers `signed_target` and these headers.
Request signed_request(const std::string& target, const std::string& signed_target,
                       const std::string& names = "x-ms-date;host;x-ms-content-sha256",
                       const std::string& date_header = "x-ms-date") {
  const std::string date = acs::rest::http_date(kRecordedAt);
  Request request;
  request.method = "GET";
  request.target = target;
  request.headers = {{"Host", "h"}, {date_header, date}, {"x-ms-content-sha256", kEmptyHash}};
  std::string values;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(';', begin), names.size());
    const auto value = request.header(names.substr(begin, end - begin));
    values += (begin == 0 ? "" : ";") + std::string(value);
    begin = end + 1;
  }
  request.headers.emplace_back("Authorization",
                               "HMAC-SHA256 SignedHeaders=" + names +
                                   "&Signature=" + sign("GET\n" + signed_target + "\n" + values));
  return request;
}

std::string verdict_of(const Verdict& verdict) {
  return verdict.accepted ? verdict.caller.name : std::string(verdict.denial.reason);
}

std::string verdict_of(const Request& request, WallTime now = kRecordedAt) {
  return verdict_of(door({std::string(kRecordedKey)}).by_signature(request, now));
}

TEST(Authenticator, lets_in_every_recorded_request_of_the_official_clients) {
  for (const RecordedRequest& recorded : kRecorded) {
    EXPECT_EQ(verdict_of(request_of(recorded)), "access-key-1") << recorded.name;
  }
}

TEST(Authenticator, either_of_two_active_keys_opens_and_is_named) {
  const Request request = request_of(kRecorded[0]);
  const std::string other = acs::identity::base64_encode(std::string(64, 'x'));
  const std::string key(kRecordedKey);
  EXPECT_EQ(verdict_of(door({other, key}).by_signature(request, kRecordedAt)), "access-key-2");
  EXPECT_EQ(verdict_of(door({key, other}).by_signature(request, kRecordedAt)), "access-key-1");
  EXPECT_EQ(verdict_of(door({other}).by_signature(request, kRecordedAt)), "signature");
}

TEST(Authenticator, without_keys_nobody_gets_in) {
  EXPECT_EQ(verdict_of(door({}).by_signature(request_of(kRecorded[0]), kRecordedAt)), "signature");
  // HMAC takes an empty key; we do not.
  EXPECT_EQ(
      verdict_of(door({"", "not base64"}).by_signature(request_of(kRecorded[0]), kRecordedAt)),
      "signature");
}

TEST(Authenticator, refuses_what_was_changed_on_the_way) {
  const RecordedRequest& recorded = kRecorded[1];
  ASSERT_FALSE(recorded.body.empty());
  Request request = request_of(recorded);
  request.method = "PUT";
  EXPECT_EQ(verdict_of(request), "signature");
  request = request_of(recorded);
  request.target += "&x=1";
  EXPECT_EQ(verdict_of(request), "signature");
  request = request_of(recorded);
  set(request, "Host", "elsewhere:18443");
  EXPECT_EQ(verdict_of(request), "signature");
  request = request_of(recorded);
  set(request, "x-ms-date", "Fri, 20 Nov 2026 15:07:09 GMT");
  EXPECT_EQ(verdict_of(request), "signature");
  request = request_of(recorded);
  request.body += " ";
  EXPECT_EQ(verdict_of(request), "content_hash");
  // And with a hash that fits the new body, the signature does not.
  request.body.clear();
  set(request, "x-ms-content-sha256", kEmptyHash);
  EXPECT_EQ(verdict_of(request), "signature");
}

TEST(Authenticator, a_request_is_good_for_five_minutes_either_way) {
  const Request request = request_of(kRecorded[0]);
  EXPECT_EQ(verdict_of(request, kRecordedAt + 5min), "access-key-1");
  EXPECT_EQ(verdict_of(request, kRecordedAt - 5min), "access-key-1");
  EXPECT_EQ(verdict_of(request, kRecordedAt + 5min + 1ns), "skew");
  EXPECT_EQ(verdict_of(request, kRecordedAt - 5min - 1ns), "skew");
}

TEST(Authenticator, takes_the_query_as_sent_and_as_the_clients_write_it_anew) {
  EXPECT_EQ(verdict_of(signed_request("/a?x=1,2 3", "/a?x=1,2 3")), "access-key-1");
  EXPECT_EQ(verdict_of(signed_request("/a?x=1,2%203", "/a?x=1%2C2+3")), "access-key-1");
  EXPECT_EQ(verdict_of(signed_request("/a?x=%2B1", "/a?x=%2B1")), "access-key-1");
  EXPECT_EQ(verdict_of(signed_request("/a?x=1", "/a?x=2")), "signature");
  EXPECT_EQ(verdict_of(signed_request("/a?x=1", "/a")), "signature");
}

TEST(Authenticator, what_must_be_signed_must_be_signed) {
  EXPECT_EQ(verdict_of(signed_request("/a", "/a", "host;x-ms-content-sha256")), "unsigned_headers");
  EXPECT_EQ(verdict_of(signed_request("/a", "/a", "x-ms-date;x-ms-content-sha256")),
            "unsigned_headers");
  EXPECT_EQ(verdict_of(signed_request("/a", "/a", "x-ms-date;host")), "unsigned_headers");
  // The order is the client's; older ones signed Date.
  EXPECT_EQ(verdict_of(signed_request("/a", "/a", "host;x-ms-date;x-ms-content-sha256")),
            "access-key-1");
  EXPECT_EQ(verdict_of(signed_request("/a", "/a", "date;host;x-ms-content-sha256", "Date")),
            "access-key-1");
}

TEST(Authenticator, two_headers_of_a_name_that_was_signed_are_refused) {
  Request request = request_of(kRecorded[0]);
  request.headers.emplace_back("HOST", std::string(kRecordedHost));
  EXPECT_EQ(verdict_of(request), "unsigned_headers");
}

TEST(Authenticator, names_what_is_missing_or_malformed) {
  Request request = request_of(kRecorded[0]);
  request.headers.pop_back();
  EXPECT_EQ(verdict_of(request), "no_credential");
  for (const char* header :
       {"HMAC-SHA256 ", "HMAC-SHA256 SignedHeaders=host", "HMAC-SHA256 SignedHeaders=&Signature=x",
        "HMAC-SHA256 SignedHeaders=a;a&Signature=x", "HMAC-SHA256 SignedHeaders=a;&Signature=x",
        "HMAC-SHA256 SignedHeaders=a;b;c;d;e;f;g;h;i&Signature=x", "Bearer "}) {
    set(request = request_of(kRecorded[0]), "Authorization", header);
    EXPECT_EQ(verdict_of(request), "malformed") << header;
  }
  set(request, "Authorization", "Basic YTpi");
  EXPECT_EQ(verdict_of(request), "scheme");
  set(request, "Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
  EXPECT_EQ(verdict_of(request), "bearer");
  set(request = request_of(kRecorded[0]), "x-ms-date", "2026-11-20T15:07:08Z");
  EXPECT_EQ(verdict_of(request), "date");
}

TEST(Authenticator, an_api_key_opens_the_gateways_own_api_and_no_other) {
  const Authenticator both = door({std::string(kRecordedKey)}, {"first", "second"});
  Request request;
  request.headers = {{"api-key", "second"}};
  EXPECT_EQ(verdict_of(both.by_api_key(request, kRecordedAt)), "api-key-2");
  EXPECT_EQ(verdict_of(both.by_signature(request, kRecordedAt)), "no_credential");
  request.headers = {{"X-API-Key", "secon"}};
  EXPECT_EQ(verdict_of(both.by_api_key(request, kRecordedAt)), "api_key");
  request.headers = {{"api-key", ""}};
  EXPECT_EQ(verdict_of(door({}, {""}).by_api_key(request, kRecordedAt)), "no_credential");
  EXPECT_EQ(verdict_of(both.by_api_key(request_of(kRecorded[0]), kRecordedAt)), "access-key-1");
}

TEST(Authorization, is_read_in_any_letter_case_of_scheme_and_names) {
  const auto parsed =
      parse_authorization("hmac-sha256  SignedHeaders=X-MS-Date;Host&Signature=a=b&c");
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->signed_headers, ElementsAre("x-ms-date", "host"));
  EXPECT_EQ(parsed->signature, "a=b&c");
}

TEST(HttpDate, is_read_and_written) {
  const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(date);
  EXPECT_EQ(unix_ms(*date), 784111777000);
  EXPECT_EQ(acs::rest::http_date(*date), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const char* wrong : {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
                            "Sun, -6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace gw::test
