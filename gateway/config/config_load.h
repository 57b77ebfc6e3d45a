#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/problem.h"

namespace gw::config {

struct Loaded {
  std::shared_ptr<Config>
      config;  // What could be read, even with problems; in force only when ok().
  std::vector<Problem> problems;            // By file and line; warnings among them.
  std::set<std::string, std::less<>> keys;  // Every key there is for the tables that were seen.

  bool ok() const;
};

// Reads a folder (all *.toml and trunks.d/*.toml) or one file, with --set KEY=VALUE on top. Reports
// every problem at once, never throws. Reads secrets; touches nothing. Any thread.
Loaded load(const std::string& path, const std::vector<std::string>& overrides = {});

// The database file of [store] url; ":memory:" for "sqlite::memory:".
std::string store_path(const Config& config);

}  // namespace gw::config
