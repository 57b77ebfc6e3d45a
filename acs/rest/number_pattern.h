#pragma once

#include <string_view>

namespace gw::acs::rest {

// Whether std::regex, which tries every way there is, finds out soon whether a number matches:
// nothing that varies is repeated, and little varies. "^\+1(\d{7})$" and "^\+[1-9]\d{3,23}$" do,
// "(\d*)*x" does not: it would hold up whoever routes a call for hours. Pure.
bool matches_in_bounded_time(std::string_view pattern);

}  // namespace gw::acs::rest
