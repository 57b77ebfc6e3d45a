#include "sip/event_documents.h"

#include <algorithm>

#include "sip/sip_view.h"

namespace gw::sip {

namespace {

constexpr size_t kMaxDialogs = 32;  // Of one document; a phone has four, a queue's user a few more.
constexpr size_t kMaxDisplay = 128;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : header_text(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

const char* name_of(LineDialog::State state) {
  switch (state) {
    case LineDialog::State::Trying: return "trying";
    case LineDialog::State::Proceeding: return "proceeding";
    case LineDialog::State::Early: return "early";
    case LineDialog::State::Confirmed: return "confirmed";
    case LineDialog::State::Terminated: return "terminated";
  }
  return "terminated";
}

void add_party(std::string& out, const char* element, const std::string& uri,
               const std::string& display) {
  out += std::string("    <") + element + ">\n      <identity";
  if (!display.empty()) out += " display=\"" + escaped(utf8_text(display, kMaxDisplay)) + "\"";
  out += ">" + escaped(uri) + "</identity>\n      <target uri=\"" + escaped(uri) + "\"/>\n    </";
  out += std::string(element) + ">\n";
}

}  // namespace

std::string dialog_info(std::string_view entity, unsigned version,
                        const std::vector<LineDialog>& dialogs) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"" +
      std::to_string(version) + "\" state=\"full\" entity=\"" + escaped(entity) + "\">\n";
  for (size_t i = 0; i < std::min(dialogs.size(), kMaxDialogs); ++i) {
    const LineDialog& dialog = dialogs[i];
    out += "  <dialog id=\"" + escaped(dialog.call_id) + "\" call-id=\"" + escaped(dialog.call_id) +
           "\" local-tag=\"" + escaped(dialog.local_tag) + "\" remote-tag=\"" +
           escaped(dialog.remote_tag) + "\" direction=\"" +
           (dialog.initiator ? "initiator" : "recipient") + "\">\n    <state>" +
           name_of(dialog.state) + "</state>\n";
    add_party(out, "local", std::string(entity), {});
    if (!dialog.remote_user.empty()) {
      add_party(out, "remote",
                "sip:" + escaped_user(utf8_text(dialog.remote_user, kMaxDisplay)) + "@" +
                    bracketed(dialog.remote_host),
                dialog.remote_display);
    }
    out += "  </dialog>\n";
  }
  return out + "</dialog-info>\n";
}

std::string message_summary(std::string_view account) {
  return "Messages-Waiting: no\r\nMessage-Account: " + header_text(account) +
         "\r\nVoice-Message: 0/0 (0/0)\r\n";
}

}  // namespace gw::sip
