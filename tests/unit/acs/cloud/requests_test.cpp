#include <gtest/gtest.h>

#include <set>

#include "acs/cloud/call_requests.h"
#include "acs/cloud/identity_requests.h"
#include "acs/identity/any_case.h"
#include "acs/identity/base64.h"
#include "acs/identity/identifier_json.h"
#include "acs/rest/http_date.h"
#include "acs/rest/signing.h"
#include "tests/unit/acs/cloud/recorded.h"

namespace gw::test {
namespace {

using namespace acs::cloud;
namespace identity = acs::identity;
using nlohmann::json;

constexpr const char* kResource = "8:acs:11111111-2222-3333-4444-555555555555_";
const std::string kAlice = std::string(kResource) + "00000001-aaaa-bbbb-cccc-000000000001";
const std::string kBob = std::string(kResource) + "00000002-aaaa-bbbb-cccc-000000000002";
const std::string kPhone = std::string(kResource) + "0000feed-aaaa-bbbb-cccc-00000000feed";
constexpr const char* kCallback = "https://gw.example.test/acs/callbacks?leg=1";
constexpr const char* kConnection = "421f3500-0000-4000-8000-00000000c0de";
constexpr const char* kContext = "INCOMING_CALL_CONTEXT_JWT";
const MediaStreaming kMedia{"wss://gw.example.test/acs/media/leg1", false, 16000};

struct Case {
  const char* name;
  ApiRequest request;
  std::vector<const char*> not_ours{};  // Body keys that the recorded client adds by itself.
};

std::vector<Case> cases() {
  return {
      {"call-createCall-communicationUser", create_call({.target = kAlice,
                                                         .source = "",
                                                         .source_display_name = "Desk phone 101",
                                                         .operation_context = "leg1",
                                                         .callback_uri = kCallback})},
      {"call-createCall-communicationUser-sourceIdentity",
       create_call({.target = kAlice, .source = kPhone, .callback_uri = kCallback})},
      {"call-createCall-mediaStreaming", create_call({.target = kAlice,
                                                      .source = kPhone,
                                                      .operation_context = "leg1",
                                                      .callback_uri = kCallback,
                                                      .media = kMedia})},
      {"call-createCall-phoneNumber", create_call({.target = "4:+14255550199",
                                                   .source = "",
                                                   .source_number = "+14255550123",
                                                   .operation_context = "leg1",
                                                   .callback_uri = kCallback})},
      {"call-createCall-teamsUser",
       create_call({.target = "8:orgid:00000000-1111-2222-3333-444444444444",
                    .source = kPhone,
                    .callback_uri = kCallback})},
      {"call-answerCall", answer_call({.incoming_call_context = kContext,
                                       .answered_by = kPhone,
                                       .operation_context = "leg1",
                                       .callback_uri = kCallback,
                                       .media = kMedia})},
      {"call-answerCall-minimal",
       answer_call({.incoming_call_context = kContext, .callback_uri = kCallback})},
      {"call-rejectCall", reject_call(kContext, RejectReason::Busy)},
      {"call-redirectCall", redirect_call(kContext, kBob)},
      {"call-redirectCall-pstn", redirect_call(kContext, "4:+14255550199")},
      {"conn-hangUp-true", terminate_call(kConnection)},
      {"conn-hangUp-false", leave_call(kConnection)},
      {"conn-transferCallToParticipant",
       transfer_call({.connection_id = kConnection,
                      .target = kBob,
                      .transferee = kAlice,
                      .operation_context = "ctx-xfer"}),
       {"customCallingContext"}},
      {"conn-transferCallToParticipant-pstn",
       transfer_call({.connection_id = kConnection,
                      .target = "4:+14255550199",
                      .source_number = "+14255550123",
                      .operation_context = "be62e4d9-091b-45dc-8b3c-812d0bbbf602"}),
       {"customCallingContext"}},
      {"media-sendDtmfTones", send_dtmf(kConnection, "12#", kAlice, "ctx-dtmf")},
      {"media-startMediaStreaming", start_media_streaming(kConnection, "ctx-ms", kCallback)},
      {"identity-createUser", create_identity()},
      {"identity-getToken", issue_token(kAlice, {"chat", "voip"}, 0), {"expiresInMinutes"}},
      {"identity-getToken-expires", issue_token(kAlice, {"voip.join"}, 1440)},
      {"phone-listPurchasedPhoneNumbers", list_numbers(0, 100)},
  };
}

std::string path_of(const std::string& target) {
  return target.substr(0, target.find('?'));
}

std::multiset<std::string> query_of(const std::string& target) {
  std::multiset<std::string> pairs;
  std::stringstream query(target.substr(target.find('?') + 1));
  for (std::string pair; std::getline(query, pair, '&');) pairs.insert(pair);
  return pairs;
}

json body_of(const std::string& text, const std::vector<const char*>& without) {
  if (text.empty()) return nullptr;
  json body = json::parse(text);
  for (const char* key : without) body.erase(key);
  return body;
}

std::string header(const WireRequest& wire, std::string_view name) {
  for (const auto& [key, value] : wire.headers) {
    if (key == name) return value;
  }
  return "";
}

WallTime recorded_at() {
  return *acs::rest::parse_http_date("Fri, 20 Nov 2026 15:07:08 GMT");
}

TEST(CloudRequests, say_what_the_official_clients_say) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Recorded recorded(c.name);
    EXPECT_EQ(c.request.method, recorded.method);
    EXPECT_EQ(path_of(c.request.target), path_of(recorded.target));
    EXPECT_EQ(query_of(c.request.target), query_of(recorded.target));
    EXPECT_EQ(body_of(c.request.body, c.not_ours), body_of(recorded.body, c.not_ours));
    const auto type = recorded.headers.find("content-type");
    EXPECT_EQ(c.request.content_type, type == recorded.headers.end() ? "" : type->second);
    EXPECT_EQ(c.request.repeatable, recorded.headers.contains("repeatability-request-id"));
  }
}

TEST(CloudRequests, carry_every_header_that_the_official_clients_send) {
  const std::set<std::string> of_the_transport{"host", "content-length", "connection", "user-agent",
                                               "accept-encoding"};
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Recorded recorded(c.name);
    const WireRequest wire =
        sign(recorded_resource(), c.request, {"id", "rep", recorded_at()}, recorded_at());
    std::map<std::string, std::string> ours;
    for (auto [key, value] : wire.headers) {
      std::ranges::transform(key, key.begin(),
                             [](unsigned char x) { return static_cast<char>(std::tolower(x)); });
      EXPECT_TRUE(ours.emplace(key, value).second) << key;
    }
    for (const auto& [key, value] : recorded.headers) {
      if (!of_the_transport.contains(key)) {
        EXPECT_TRUE(ours.contains(key)) << key;
      }
    }
    EXPECT_EQ(ours["accept"], recorded.headers.at("accept"));
    EXPECT_EQ(ours["x-ms-date"], recorded.headers.at("x-ms-date"));
    if (c.request.repeatable) {
      EXPECT_EQ(ours["repeatability-first-sent"], recorded.headers.at("repeatability-first-sent"));
    }
  }
}

// The recorded text itself, signed by us at the recorded time, bears the recorded signature.
TEST(CloudRequests, are_signed_as_the_official_clients_sign) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Recorded recorded(c.name);
    ApiRequest same = c.request;
    same.target = recorded.target;
    same.body = recorded.body;
    const WireRequest wire =
        sign(recorded_resource(), same, {"id", "rep", recorded_at()}, recorded_at());
    EXPECT_EQ(header(wire, "x-ms-content-sha256"), recorded.headers.at("x-ms-content-sha256"));
    EXPECT_EQ(header(wire, "Authorization"), recorded.headers.at("authorization"));
    EXPECT_EQ(wire.url, "https://" + recorded.headers.at("host") + recorded.target);
  }
}

TEST(CloudRequests, the_signature_covers_our_own_body) {
  const ApiRequest request = reject_call(kContext, RejectReason::Forbidden);
  const WireRequest wire =
      sign(recorded_resource(), request, {"id", "rep", recorded_at()}, recorded_at());
  const std::string content = acs::identity::base64_encode(acs::rest::sha256(wire.body));
  const std::string text = "POST\n/calling/callConnections:reject?api-version=2026-03-12\n" +
                           header(wire, "x-ms-date") + ";127.0.0.1:18443;" + content;
  const std::string key = *acs::identity::base64_decode(kRecordedKey);
  EXPECT_EQ(header(wire, "Authorization"),
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" +
                acs::identity::base64_encode(acs::rest::hmac_sha256(key, text)));
  EXPECT_EQ(json::parse(wire.body)["callRejectReason"], "forbidden");
}

TEST(CloudRequests, twenty_four_kilohertz_and_unmixed_are_said) {
  const ApiRequest request = create_call({.target = kAlice,
                                          .source = "",
                                          .callback_uri = kCallback,
                                          .media = MediaStreaming{"wss://h/m", true, 24000}});
  const json options = json::parse(request.body)["mediaStreamingOptions"];
  EXPECT_EQ(options["audioFormat"], "pcm24KMono");
  EXPECT_EQ(options["audioChannelType"], "unmixed");
}

TEST(CloudRequests, every_key_has_its_word_and_others_are_left_out) {
  const ApiRequest request = send_dtmf(kConnection, "0987654321*#ABCDx", kAlice, "");
  EXPECT_EQ(json::parse(request.body)["tones"],
            json({"zero", "nine", "eight", "seven", "six", "five", "four", "three", "two", "one",
                  "asterisk", "pound", "a", "b", "c", "d"}));
}

TEST(CloudRequests, a_display_name_that_is_no_utf8_is_replaced_not_thrown) {
  const ApiRequest request = create_call({.target = kAlice,
                                          .source = "",
                                          .source_display_name = "Caf\xe9",
                                          .callback_uri = kCallback});
  EXPECT_TRUE(json::accept(request.body));
}

TEST(CloudRequests, a_connection_id_cannot_leave_its_place_in_the_path) {
  EXPECT_EQ(terminate_call("../x?y#z").target,
            "/calling/callConnections/..%2Fx%3Fy%23z:terminate?api-version=2026-03-12");
}

TEST(CloudRequests, the_next_page_is_one_of_this_resource_or_none) {
  const Resource resource = recorded_resource();
  const auto absolute =
      list_numbers_at(resource, "https://127.0.0.1:18443/phoneNumbers?skip=100&top=100");
  ASSERT_TRUE(absolute);
  EXPECT_EQ(absolute->target, "/phoneNumbers?skip=100&top=100");
  ASSERT_TRUE(list_numbers_at(resource, "/phoneNumbers?skip=100"));
  for (const char* other : {"https://evil.test/phoneNumbers", "//evil.test/x", "phoneNumbers", "",
                            "https://127.0.0.1:18443.evil.test/", "/phone\r\nX: y"}) {
    EXPECT_FALSE(list_numbers_at(resource, other)) << other;
  }
}

TEST(CloudIdentifiers, are_written_as_the_official_clients_write_them) {
  for (const json& vector : test_data("identifier_vectors.json")) {
    const std::string raw = vector.at("rawId");
    SCOPED_TRACE(raw);
    if (vector.at("parsed").at("kind") == "unknown") continue;  // Nobody can be called by it.
    EXPECT_EQ(identity::to_json(raw, identity::WithKind::No), vector.at("serialized"));
    EXPECT_EQ(identity::raw_id_of(identity::to_json(raw)), raw);
  }
}

TEST(CloudIdentifiers, are_read_without_a_raw_id_and_in_any_casing) {
  EXPECT_EQ(identity::raw_id_of({{"communicationUser", {{"id", kAlice}}}}), kAlice);
  EXPECT_EQ(identity::raw_id_of({{"RawId", kAlice}}), kAlice);
  EXPECT_EQ(identity::raw_id_of({{"PhoneNumber", {{"Value", "+1425"}}}}), "4:+1425");
  EXPECT_EQ(identity::raw_id_of({{"microsoftTeamsUser", {{"userId", "u"}}}}), "8:orgid:u");
  EXPECT_EQ(identity::raw_id_of(json::object()), "");
  EXPECT_EQ(identity::raw_id_of(json::array()), "");
}

struct StringCase {
  const char* text;
  bool good;
  const char* origin;
  const char* authority;
};

TEST(CloudConnectionString, is_read_as_azures_clients_read_it) {
  const StringCase table[] = {
      {"endpoint=https://c.communication.azure.com/;accesskey=AAEC", true,
       "https://c.communication.azure.com", "c.communication.azure.com"},
      {"Endpoint=https://c.communication.azure.com;AccessKey=AAEC", true,
       "https://c.communication.azure.com", "c.communication.azure.com"},
      {"endpoint=https://127.0.0.1:8443/;accesskey=AAEC\n", true, "https://127.0.0.1:8443",
       "127.0.0.1:8443"},
      {"endpoint=https://c.test:443/;accesskey=AAEC", true, "https://c.test", "c.test"},
      {"endpoint=http://127.0.0.1:8080/;accesskey=AAEC", true, "http://127.0.0.1:8080",
       "127.0.0.1:8080"},
      {"", false, "", ""},
      {"accesskey=AAEC;endpoint=https://c.test/", false, "", ""},
      {"endpoint=https://c.test/", false, "", ""},
      {"endpoint=https://c.test/x;accesskey=AAEC", false, "", ""},
      {"endpoint=ftp://c.test/;accesskey=AAEC", false, "", ""},
      {"endpoint=https://u:p@c.test/;accesskey=AAEC", false, "", ""},
      {"endpoint=https:///;accesskey=AAEC", false, "", ""},
      {"endpoint=https://;accesskey=AAEC", false, "", ""},
      {"endpoint=http://;accesskey=AAEC", false, "", ""},
      {"endpoint=https://c.test/;accesskey=", false, "", ""},
      {"endpoint=https://c.test/;accesskey=s3cr3t!", false, "", ""},
  };
  for (const StringCase& c : table) {
    SCOPED_TRACE(c.text);
    const auto resource = parse_connection_string(Masked(c.text));
    ASSERT_EQ(resource.has_value(), c.good);
    if (!resource) {
      EXPECT_EQ(resource.error().detail.find("s3cr3t"), std::string::npos);
      continue;
    }
    EXPECT_EQ(resource->origin, c.origin);
    EXPECT_EQ(resource->authority, c.authority);
    EXPECT_EQ(resource->key.reveal(), std::string("\0\1\2", 3));
  }
}

}  // namespace
}  // namespace gw::test
