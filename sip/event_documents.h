#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sip/line_dialog.h"

namespace gw::sip {

// Bodies of NOTIFYs. Pure.

inline constexpr const char* kDialogInfoType = "application/dialog-info+xml";
inline constexpr const char* kMessageSummaryType = "application/simple-message-summary";

// RFC 4235 4: the full state of `entity` ("sip:201@pbx.example.com").
std::string dialog_info(std::string_view entity, unsigned version,
                        const std::vector<LineDialog>& dialogs);

// RFC 3842 3.5. There is no voice mail here, and none waits.
std::string message_summary(std::string_view account);

}  // namespace gw::sip
