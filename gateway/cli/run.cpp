#include "gateway/cli/run.h"

#include <cstdio>
#include <map>

#include "base/log.h"
#include "gateway/app.h"
#include "gateway/config/config_load.h"

namespace gw::cli {

int run(const Common& common, const std::string& log_level) {
  config::Loaded loaded = config::load(common.path, common.overrides);
  for (const config::Problem& problem : loaded.problems) {
    std::fprintf(stderr, "%s%s\n", problem.warning ? "warning: " : "",
                 config::to_string(problem).c_str());
  }
  if (!loaded.ok()) {
    std::fprintf(stderr, "acs-gateway: the configuration has problems; nothing was started\n");
    return kBadConfiguration;
  }
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::Debug},
                                                          {"info", LogLevel::Info},
                                                          {"warn", LogLevel::Warning},
                                                          {"error", LogLevel::Error}};
  App::block_signals();
  Log::start(kLevels.at(log_level));
  int exit = kDone;
  {
    auto app = App::start({common.path, common.overrides}, std::move(loaded.config), Log{});
    if (app) {
      std::printf("%s\n", (*app)->ready_line().c_str());
      std::fflush(stdout);
      (*app)->run();
    } else {
      Log{}.error("the gateway could not start", {{"why", app.error().detail}});
      exit = kBadConfiguration;
    }
  }
  Log::stop();
  return exit;
}

}  // namespace gw::cli
