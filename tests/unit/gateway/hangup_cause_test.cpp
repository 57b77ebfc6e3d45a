#include "gateway/policy/hangup_cause.h"

#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using By = acs::edge::EndReason::By;
using acs::edge::Category;

TEST(HangupCause, is_told_to_users_in_acs_terms) {
  const struct {
    HangupCause cause;
    Far far;
    FarDirection direction;
    By by;
    uint32_t code, sub_code;
    Category category;
  } cases[] = {
      {{Cause::NormalClearing},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Local,
       0,
       0,
       Category::Success},
      {{Cause::NormalClearing},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       0,
       560000,
       Category::Success},
      {{Cause::NormalClearing},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Remote,
       0,
       540000,
       Category::Success},
      {{Cause::NormalClearing},
       Far::User,
       FarDirection::WeCalledIt,
       By::Remote,
       0,
       5003,
       Category::Success},
      {{Cause::NormalClearing},
       Far::User,
       FarDirection::WeCalledIt,
       By::Network,
       0,
       7000,
       Category::Success},
      {{Cause::Busy},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       486,
       560486,
       Category::Success},
      {{Cause::Busy, 600},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       600,
       560600,
       Category::UnexpectedServerError},
      {{Cause::Declined},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       603,
       560603,
       Category::Success},
      {{Cause::Declined},
       Far::User,
       FarDirection::WeCalledIt,
       By::Remote,
       603,
       0,
       Category::Success},
      {{Cause::NoAnswer},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       480,
       560480,
       Category::UnexpectedClientError},
      {{Cause::NoAnswer},
       Far::User,
       FarDirection::WeCalledIt,
       By::Remote,
       487,
       10004,
       Category::ExpectedError},
      {{Cause::Timeout, 408},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       408,
       560408,
       Category::UnexpectedClientError},
      {{Cause::NotFound, 404},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       404,
       560404,
       Category::UnexpectedClientError},
      {{Cause::BadNumber},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Network,
       484,
       560484,
       Category::UnexpectedClientError},
      {{Cause::Forbidden},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Network,
       403,
       560403,
       Category::UnexpectedClientError},
      {{Cause::CallerIdNotAllowed},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Network,
       403,
       510403,
       Category::ExpectedError},
      {{Cause::NoTrunk},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Network,
       403,
       511532,
       Category::UnexpectedClientError},
      {{Cause::CancelledByCaller},
       Far::User,
       FarDirection::ItCalledUs,
       By::Remote,
       487,
       0,
       Category::Success},
      {{Cause::CancelledByCaller},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Remote,
       487,
       540487,
       Category::UnexpectedClientError},
      {{Cause::AnsweredElsewhere},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Network,
       487,
       10003,
       Category::Success},
      {{Cause::NotRegistered},
       Far::User,
       FarDirection::WeCalledIt,
       By::Network,
       480,
       10037,
       Category::ExpectedError},
      {{Cause::MediaNeverConnected},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Network,
       410,
       301004,
       Category::UnexpectedClientError},
      {{Cause::MediaLost},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Network,
       410,
       301005,
       Category::UnexpectedClientError},
      {{Cause::SignallingLost},
       Far::User,
       FarDirection::ItCalledUs,
       By::Network,
       496,
       7,
       Category::ExpectedError},
      {{Cause::TokenExpired},
       Far::User,
       FarDirection::ItCalledUs,
       By::Network,
       495,
       4507,
       Category::UnexpectedClientError},
      {{Cause::Failed},
       Far::Phone,
       FarDirection::WeCalledIt,
       By::Remote,
       500,
       560500,
       Category::UnexpectedServerError},
      {{Cause::Unavailable},
       Far::Phone,
       FarDirection::ItCalledUs,
       By::Remote,
       503,
       540503,
       Category::UnexpectedServerError},
      {{Cause::Unavailable},
       Far::User,
       FarDirection::ItCalledUs,
       By::Network,
       503,
       560503,
       Category::UnexpectedServerError},
  };
  for (const auto& c : cases) {
    const auto reason = acs_reason(c.cause, c.far, c.direction, c.by);
    SCOPED_TRACE(std::string(to_string(c.cause.cause)) + " " + std::to_string(c.sub_code));
    EXPECT_EQ(reason.status.code, c.code);
    EXPECT_EQ(reason.status.sub_code, c.sub_code);
    EXPECT_EQ(reason.status.category, c.category);
    EXPECT_FALSE(reason.status.message.empty());
    EXPECT_EQ(reason.by, c.by);
  }
}

TEST(HangupCause, is_read_from_a_refusal) {
  const struct {
    int status, q850;
    Cause cause;
    int told, told_q850;
  } cases[] = {
      {486, 0, Cause::Busy, 486, 17},           {600, 0, Cause::Busy, 600, 17},
      {603, 0, Cause::Declined, 603, 21},       {480, 0, Cause::NoAnswer, 480, 18},
      {480, 20, Cause::NotRegistered, 480, 20}, {408, 0, Cause::Timeout, 408, 102},
      {404, 0, Cause::NotFound, 404, 1},        {484, 0, Cause::BadNumber, 484, 28},
      {488, 0, Cause::NotAcceptable, 488, 88},  {606, 0, Cause::NotAcceptable, 606, 88},
      {503, 34, Cause::Exhausted, 503, 34},     {503, 0, Cause::Unavailable, 503, 41},
      {401, 0, Cause::Forbidden, 403, 21},  // Between the carrier and us.
      {407, 0, Cause::Forbidden, 403, 21},      {302, 0, Cause::Failed, 500, 41},
      {499, 0, Cause::Forbidden, 499, 21},      {699, 0, Cause::Failed, 699, 41},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.status);
    sip::Refusal refusal;
    refusal.status = c.status;
    refusal.reason.q850 = c.q850;
    const HangupCause cause = from_sip(refusal);
    EXPECT_EQ(cause.cause, c.cause);
    EXPECT_EQ(sip_status(cause), c.told);
    EXPECT_EQ(q850(cause), c.told_q850);
  }
}

TEST(HangupCause, is_read_from_a_bye_and_a_cancel) {
  EXPECT_EQ(from_bye({}).cause, Cause::NormalClearing);
  EXPECT_EQ(from_bye({16, 0, ""}).cause, Cause::NormalClearing);
  EXPECT_EQ(from_bye({127, 0, ""}).cause, Cause::NormalClearing);
  EXPECT_EQ(from_bye({17, 0, ""}).cause, Cause::Busy);
  EXPECT_EQ(from_bye({0, 200, ""}).cause, Cause::AnsweredElsewhere);
  EXPECT_EQ(q850(from_bye({127, 0, ""})), 127);
}

TEST(HangupCause, a_caller_is_never_told_a_success_or_a_provisional) {
  for (int i = 0; i <= static_cast<int>(Cause::Failed); ++i) {
    const auto cause = static_cast<Cause>(i);
    for (const int status : {0, 100, 180, 200, 302, 401, 407, 700}) {
      const int told = sip_status({cause, status});
      EXPECT_TRUE(told >= 400 && told <= 699 && told != 401 && told != 407)
          << to_string(cause) << " " << status;
    }
    EXPECT_GT(q850({cause}), 0) << to_string(cause);
    EXPECT_FALSE(sip_phrase(sip_status({cause})).empty());
  }
}

TEST(HangupCause, a_cancel_to_those_who_lost_says_so) {
  EXPECT_EQ(sip_reason({Cause::AnsweredElsewhere}).sip_status, 200);
  EXPECT_EQ(sip_reason({Cause::NormalClearing}).sip_status, 0);
  EXPECT_EQ(sip_reason({Cause::NormalClearing}).q850, 16);
}

TEST(HangupCause, a_record_has_200_for_a_normal_end) {
  const CdrCause normal = cdr_cause({Cause::NormalClearing}, Far::Phone, FarDirection::WeCalledIt);
  EXPECT_EQ(normal.sip, 200);
  EXPECT_EQ(normal.q850, 16);
  EXPECT_EQ(normal.code, 0u);
  EXPECT_EQ(normal.sub_code, 560000u);
  const CdrCause busy = cdr_cause({Cause::Busy, 486}, Far::Phone, FarDirection::WeCalledIt);
  EXPECT_EQ(busy.sip, 486);
  EXPECT_EQ(busy.sub_code, 560486u);
}

TEST(HangupCause, our_own_errors_become_causes) {
  EXPECT_EQ(from_error({ErrorCode::Exhausted, ""}).cause, Cause::Exhausted);
  EXPECT_EQ(from_error({ErrorCode::NotAcceptable, ""}).cause, Cause::NotAcceptable);
  EXPECT_EQ(sip_status(from_error({ErrorCode::Internal, ""})), 500);
  EXPECT_EQ(from_error({ErrorCode::Unavailable, "why"}).detail, "why");
}

TEST(HangupCause, what_acs_tells_is_read_by_the_most_telling_part) {
  const struct {
    acs::cloud::ResultInformation result;
    bool answered;
    Cause cause;
    int sip;
  } cases[] = {
      {{200, 7000, "", 486, 17}, false, Cause::Busy, 486},
      {{486, 560486, "", 0, 0}, false, Cause::Busy, 486},
      {{403, 560403, "", 0, 0}, false, Cause::Forbidden, 403},
      {{487, 540487, "", 0, 0}, false, Cause::CancelledByCaller, 487},
      {{403, 510403, "", 0, 0}, false, Cause::CallerIdNotAllowed, 403},
      {{403, 510559, "", 0, 0}, false, Cause::NoTrunk, 403},
      {{404, 0, "", 0, 0}, false, Cause::NotFound, 404},
      {{408, 10057, "", 0, 0}, false, Cause::Timeout, 408},
      {{410, 301005, "", 0, 0}, true, Cause::MediaLost, 480},
      {{410, 531004, "", 0, 0}, true, Cause::MediaNeverConnected, 480},
      {{430, 0, "", 0, 0}, false, Cause::NotRegistered, 480},
      {{487, 10003, "", 0, 0}, false, Cause::AnsweredElsewhere, 487},
      {{487, 10004, "", 0, 0}, false, Cause::NoAnswer, 480},
      {{487, 10024, "", 0, 0}, false, Cause::Declined, 603},
      {{497, 560487, "", 0, 0}, false, Cause::CancelledByCaller, 487},
      {{603, 0, "", 0, 0}, false, Cause::Declined, 603},
      {{500, 0, "", 0, 0}, false, Cause::Unavailable, 503},
      {{200, 7000, "", 0, 0}, false, Cause::NoAnswer, 480},
      {{200, 7000, "", 0, 0}, true, Cause::NormalClearing, 480},
      {{0, 5003, "", 0, 16}, true, Cause::NormalClearing, 480},
      {{0, 560000, "", 0, 0}, true, Cause::NormalClearing, 480},
      {{487, 0, "", 0, 0}, true, Cause::NormalClearing, 480},
      {{499, 0, "", 0, 0}, false, Cause::Failed, 500},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::to_string(c.result.code) + "/" + std::to_string(c.result.sub_code));
    const HangupCause cause = from_acs(c.result, c.answered);
    EXPECT_EQ(to_string(cause.cause), to_string(c.cause));
    EXPECT_EQ(sip_status(cause), c.sip);
  }
}

TEST(HangupCause, our_own_trouble_with_acs_is_none_of_the_callers_rights) {
  const auto told = [](unsigned status, ErrorCode code, bool with_number) {
    return std::string(
        to_string(from_acs(acs::cloud::ApiError{code, status, "", ""}, with_number).cause));
  };
  EXPECT_EQ(told(401, ErrorCode::Unauthorized, false), "unavailable");
  EXPECT_EQ(told(403, ErrorCode::Forbidden, false), "forbidden");
  EXPECT_EQ(told(403, ErrorCode::Forbidden, true), "caller_id_not_allowed");
  EXPECT_EQ(told(404, ErrorCode::NotFound, false), "not_found");
  EXPECT_EQ(told(429, ErrorCode::Exhausted, false), "exhausted");
  EXPECT_EQ(told(503, ErrorCode::Unavailable, false), "unavailable");
  EXPECT_EQ(told(0, ErrorCode::Timeout, false), "timeout");
}

TEST(HangupCause, a_refusal_of_ours_says_why_in_a_warning) {
  const struct {
    HangupCause cause;
    const char* warning;  // "" = none.
  } cases[] = {
      {{Cause::NotAcceptable, 488, 0, "SDP: no codec in common"}, "305 gw \"no common codec\""},
      {{Cause::NotAcceptable, 488, 0, "SDP: no codec of the offer in the answer"},
       "305 gw \"no common codec\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: the offer has no audio"},
       "304 gw \"no audio is offered\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: the answer rejects the audio"},
       "304 gw \"no audio is accepted\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: plain RTP, but srtp is required here"},
       "302 gw \"SRTP is required\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: RTP/SAVP, but srtp is off here"},
       "302 gw \"SRTP is not available\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: RTP/SAVP without a usable a=crypto"},
       "302 gw \"no usable key for SRTP\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: the address is a name; an IP address is needed"},
       "301 gw \"an IP address is needed\""},
      {{Cause::NotAcceptable, 0, 0, "SDP: line 3 \" is odd"},
       "399 gw \"the session description cannot be used\""},
      {{Cause::Forbidden, 403, 0, "the phone's max_calls is reached"},
       "399 gw \"This call is not allowed\""},
      {{Cause::DialPolicy, 0, 0, "+44*** is international"},
       "399 gw \"This number may not be called from here\""},
      {{Cause::UsageLimit}, "399 gw \"What may be called from here is used up\""},
      {{Cause::NotFound, 0, 0, "no route serves +1425***"}, "399 gw \"There is no such number\""},
      {{Cause::Busy}, ""},
      {{Cause::NoAnswer}, ""},
      {from_sip({403, "Forbidden", {}, 0, {}}), ""},
      {from_sip({488, "Not Acceptable Here", {}, 0, {}}), ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(to_string(c.cause.cause)) + " " + c.cause.detail);
    const auto headers = refusal_headers(c.cause);
    if (*c.warning == '\0') {
      EXPECT_TRUE(headers.empty());
      continue;
    }
    ASSERT_EQ(headers.size(), 1u);
    EXPECT_EQ(headers[0].first, "Warning");
    EXPECT_EQ(headers[0].second, c.warning);
  }
  const auto full = refusal_headers({Cause::Exhausted});
  ASSERT_EQ(full.size(), 2u);
  EXPECT_EQ(full[0], (std::pair<std::string, std::string>("Retry-After", "5")));
}

}  // namespace
}  // namespace gw::policy
