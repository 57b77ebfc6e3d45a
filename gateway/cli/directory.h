#pragma once

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace gw::cli {

struct NewUser {
  std::string name, email, display_name, extension;
  std::vector<std::string> numbers, alternate_caller_ids;
};
struct TokenRequest {
  std::string user;
  std::vector<std::string> scopes{"voip"};
  int lifetime_minutes = 24 * 60;
};

// The directory of users and their tokens, straight from the configuration and the state; the
// daemon need not run. What changes it is told to a running daemon: it reloads.
int user_add(const Common& common, const NewUser& user);
int user_list(const Common& common);
int user_show(const Common& common, const std::string& name);
int user_remove(const Common& common, const std::string& name);
// CSV (ops/user_csv.h). Imports all users of the file or none; users of the configuration's files
// are exported as well and not imported again when nothing about them differs.
int user_import(const Common& common, const std::string& file);
int user_export(const Common& common);
int token_rotate_key(const Common& common);
int token_issue(const Common& common, const TokenRequest& request);
int token_revoke(const Common& common, const std::string& user);
int number_list(const Common& common);

}  // namespace gw::cli
