#include "gateway/cli/check.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gateway/config/config_load.h"

namespace gw::cli {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const config::Loaded& loaded) {
  ordered_json problems = ordered_json::array();
  for (const config::Problem& problem : loaded.problems) {
    problems.push_back({{"file", problem.origin.file},
                        {"line", problem.origin.line},
                        {"key", problem.key},
                        {"text", problem.text},
                        {"warning", problem.warning}});
  }
  return {{"ok", loaded.ok()}, {"problems", std::move(problems)}};
}

}  // namespace

int check(const Common& common) {
  const config::Loaded loaded = config::load(common.path, common.overrides);
  if (common.json) {
    std::printf(
        "%s\n",
        to_json(loaded).dump(-1, ' ', false, ordered_json::error_handler_t::replace).c_str());
    return loaded.ok() ? kDone : kBadConfiguration;
  }
  for (config::Problem problem : loaded.problems) {
    if (problem.warning) problem.text += " (warning)";
    std::printf("%s\n", config::to_string(problem).c_str());
  }
  const auto warnings = std::ranges::count_if(loaded.problems, &config::Problem::warning);
  const auto errors = static_cast<std::ptrdiff_t>(loaded.problems.size()) - warnings;
  if (errors > 0) {
    std::fprintf(stderr, "%td problem%s\n", errors, errors == 1 ? "" : "s");
    return kBadConfiguration;
  }
  const config::Config& config = *loaded.config;
  std::printf("ok: %zu phones, %zu users, %zu trunks, %zu routes%s\n", config.phones.size(),
              config.users.size(), config.trunks.size(), config.routes.size(),
              warnings > 0 ? ", with warnings" : "");
  return kDone;
}

}  // namespace gw::cli
