#pragma once

#include <string>

#include "gateway/cli/command_line.h"

namespace gw::cli {

struct RouteQuery {
  std::string from;  // "phone:101", "trunk:acme", "user:alice"
  std::string to;    // As dialled.
  std::string at;    // ISO 8601; empty = now.
};

// Explains where a call would go, without placing it. Exit 3 when it would be refused.
int route(const Common& common, const RouteQuery& query);

}  // namespace gw::cli
