#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/config/config.h"

namespace gw::ops {

// The directory as a spreadsheet has it: RFC 4180, a header line, in any order the columns
//   name, email, display_name, extension, numbers, alternate_caller_ids, id
// of which only name must be there. Numbers of a cell are parted by blanks or ';'.
std::string write_users(const std::vector<config::User>& users);

// InvalidArgument names the line. Numbers become E.164, read as `country`'s.
Result<std::vector<config::User>> read_users(std::string_view text, const std::string& country);

}  // namespace gw::ops
