#pragma once

#include <string>

#include "gateway/cli/command_line.h"

namespace gw::cli {

// Subcommands that ask the running daemon through its admin listener; kNotReachable when nobody
// answers.
int show(const Common& common, const std::string& what);  // status, calls, phones, trunks, bans
int hang_up(const Common& common, const std::string& call);
int join(const Common& common, const std::string& call, const std::string& other);
int transfer(const Common& common, const std::string& call, const std::string& to);
int unban(const Common& common, const std::string& address);
int reload(const Common& common);
int drain(const Common& common);

}  // namespace gw::cli
