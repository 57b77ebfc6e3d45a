#include "sip/event_documents.h"

#include <gtest/gtest.h>

namespace gw::sip {
namespace {

TEST(DialogInfo, says_who_is_rung_by_whom_in_full_state) {
  LineDialog dialog{.call_id = "c1",
                    .local_tag = "l",
                    .remote_tag = "r",
                    .initiator = false,
                    .state = LineDialog::State::Early,
                    .remote_user = "101",
                    .remote_host = "pbx.test",
                    .remote_display = "Front \"desk\" <&>"};
  EXPECT_EQ(dialog_info("sip:201@pbx.test", 7, {dialog}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"7\" "
            "state=\"full\" entity=\"sip:201@pbx.test\">\n"
            "  <dialog id=\"c1\" call-id=\"c1\" local-tag=\"l\" remote-tag=\"r\" "
            "direction=\"recipient\">\n"
            "    <state>early</state>\n"
            "    <local>\n      <identity>sip:201@pbx.test</identity>\n"
            "      <target uri=\"sip:201@pbx.test\"/>\n    </local>\n"
            "    <remote>\n      <identity display=\"Front &quot;desk&quot; &lt;&amp;&gt;\">"
            "sip:101@pbx.test</identity>\n      <target uri=\"sip:101@pbx.test\"/>\n"
            "    </remote>\n  </dialog>\n</dialog-info>\n");
}

TEST(DialogInfo, nobody_who_talks_is_a_document_without_dialogs) {
  EXPECT_EQ(dialog_info("sip:201@pbx.test", 0, {}).find("<dialog "), std::string::npos);
}

TEST(DialogInfo, a_name_that_is_no_utf8_breaks_no_document_and_a_long_one_is_cut) {
  LineDialog dialog{.call_id = "c",
                    .local_tag = {},
                    .remote_tag = {},
                    .initiator = true,
                    .state = LineDialog::State::Confirmed,
                    .remote_user = "1",
                    .remote_host = "pbx.test",
                    .remote_display = "J\xe4ger\x01" + std::string(500, 'x')};
  const std::string text = dialog_info("sip:201@pbx.test", 0, {dialog});
  EXPECT_NE(text.find("display=\"J?ger xxx"), std::string::npos) << text;
  EXPECT_LT(text.size(), 1000u);
}

TEST(DialogInfo, a_conference_names_nobody) {
  LineDialog dialog{.call_id = "c",
                    .local_tag = {},
                    .remote_tag = {},
                    .initiator = true,
                    .state = LineDialog::State::Confirmed,
                    .remote_user = {},
                    .remote_host = {},
                    .remote_display = {}};
  EXPECT_EQ(dialog_info("sip:1@pbx.test", 0, {dialog}).find("<remote>"), std::string::npos);
}

TEST(DialogInfo, is_bounded) {
  const std::vector<LineDialog> many(500, LineDialog{.call_id = "c",
                                                     .local_tag = {},
                                                     .remote_tag = {},
                                                     .initiator = true,
                                                     .state = LineDialog::State::Confirmed,
                                                     .remote_user = {},
                                                     .remote_host = {},
                                                     .remote_display = {}});
  EXPECT_LT(dialog_info("sip:1@pbx.test", 0, many).size(), 16'000u);
}

TEST(MessageSummary, says_that_nothing_waits) {
  EXPECT_EQ(message_summary("sip:101@pbx.test"),
            "Messages-Waiting: no\r\nMessage-Account: sip:101@pbx.test\r\n"
            "Voice-Message: 0/0 (0/0)\r\n");
}

}  // namespace
}  // namespace gw::sip
