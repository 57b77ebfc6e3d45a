#include "gateway/cli/directory.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "acs/http/plain_client.h"
#include "base/text.h"
#include "gateway/cli/table.h"
#include "gateway/config/config_load.h"
#include "gateway/config/sections.h"
#include "gateway/ops/user_csv.h"
#include "gateway/policy/router.h"
#include "gateway/state.h"

namespace gw::cli {
namespace {

using nlohmann::json;

// Configuration and state, opened for one command.
struct Opened {
  SystemClock clock;
  SystemRandom random;
  std::shared_ptr<config::Config> config;
  std::unique_ptr<State> state;
};

int tell_problems(const config::Loaded& loaded) {
  for (const config::Problem& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", config::to_string(problem).c_str());
  return kBadConfiguration;
}

std::unique_ptr<Opened> open(const Common& common) {
  const config::Loaded loaded = config::load(common.path, common.overrides);
  if (!loaded.ok()) {
    tell_problems(loaded);
    return nullptr;
  }
  auto opened = std::make_unique<Opened>();
  opened->config = loaded.config;
  auto state = State::open(*opened->config, opened->clock, opened->random, Log{});
  if (!state) {
    std::fprintf(stderr, "acs-gateway: %s\n", state.error().detail.c_str());
    return nullptr;
  }
  opened->state = std::move(*state);
  if (const auto completed = opened->state->complete(*opened->config); !completed) {
    std::fprintf(stderr, "acs-gateway: %s\n", completed.error().detail.c_str());
    return nullptr;
  }
  return opened;
}

// The running daemon, if there is one, takes what changed.
void tell_daemon(const config::Config& config, const std::string& target) {
  if (!config.admin.listen) return;
  acs::http::PlainRequest request;
  request.server = *config.admin.listen;
  request.method = "POST";
  request.target = target;
  request.bearer = config.admin.token.reveal();
  request.timeout = 3s;
  (void)acs::http::fetch(request);  // Nobody there: it will read the state when it starts.
}

json to_json(const config::User& user) {
  return {{"name", user.name},
          {"email", user.email},
          {"id", user.id},
          {"display_name", user.display_name},
          {"extension", user.extension},
          {"numbers", user.numbers},
          {"alternate_caller_ids", user.alternate_caller_ids}};
}

std::string or_dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

const config::User* find(const config::Config& config, const std::string& name_or_id) {
  if (const config::User* user = config.user(name_or_id)) return user;
  return config.user_by_id(name_or_id);
}

int no_such_user(const std::string& name) {
  std::fprintf(stderr, "acs-gateway: no user \"%s\"; `user list` shows them\n", name.c_str());
  return kRefused;
}

// What is wrong with these users is told as `check` tells it of the files.
bool may_be_added(const config::Config& config, const std::vector<config::User>& users) {
  const std::vector<config::Problem> problems = config::check_added_users(config, users);
  for (const config::Problem& problem : problems) {
    std::fprintf(stderr, "acs-gateway: %s\n", config::to_string(problem).c_str());
  }
  return problems.empty();
}

bool same(const config::User& a, const config::User& b) {
  return a.email == b.email && a.display_name == b.display_name && a.extension == b.extension &&
         a.numbers == b.numbers && a.alternate_caller_ids == b.alternate_caller_ids &&
         (b.id.empty() || a.id == b.id);
}

}  // namespace

int user_add(const Common& common, const NewUser& wanted) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  config::Config& config = *opened->config;
  config::User user;
  user.name = wanted.name;
  user.email = wanted.email;
  user.display_name = wanted.display_name;
  user.extension = wanted.extension;
  for (const auto& [from, to] :
       {std::pair(&wanted.numbers, &user.numbers),
        std::pair(&wanted.alternate_caller_ids, &user.alternate_caller_ids)}) {
    for (const std::string& number : *from) {
      const auto e164 = policy::normalise(number, config.numbers.country);
      if (!e164) {
        std::fprintf(stderr, "acs-gateway: \"%s\" is no phone number; write it as +14255550123\n",
                     number.c_str());
        return kBadUsage;
      }
      to->push_back(*e164);
    }
  }
  user.origin = {"user add", 0};
  if (!may_be_added(config, {user})) return kRefused;
  if (const auto added = opened->state->store().add_user(user); !added) {
    std::fprintf(stderr, "acs-gateway: %s\n", added.error().detail.c_str());
    return kRefused;
  }
  if (const auto completed = opened->state->complete(config); !completed) return kBadConfiguration;
  opened->state->store().flush();
  const config::User& made = *config.user(wanted.name);
  std::printf("%s\n",
              common.json ? to_json(made).dump().c_str() : (made.name + " " + made.id).c_str());
  tell_daemon(config, "/api/reload");
  return kDone;
}

int user_list(const Common& common) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  if (common.json) {
    json users = json::array();
    for (const config::User& user : opened->config->users) users.push_back(to_json(user));
    std::printf("%s\n", json{{"users", users}}.dump().c_str());
    return kDone;
  }
  Table table({"name", "extension", "identity", "numbers", "may present", "e-mail"});
  for (const config::User& user : opened->config->users) {
    table.add({user.name, or_dash(user.extension), user.id, or_dash(joined(user.numbers, " ")),
               or_dash(joined(user.alternate_caller_ids, " ")), or_dash(user.email)});
  }
  std::fputs(table.text().c_str(), stdout);
  return kDone;
}

int user_show(const Common& common, const std::string& name) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  const config::User* user = find(*opened->config, name);
  if (!user) return no_such_user(name);
  std::printf("%s\n", to_json(*user).dump(common.json ? -1 : 2).c_str());
  return kDone;
}

int user_remove(const Common& common, const std::string& name) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  const auto removed = opened->state->store().remove_user(name);
  if (!removed) {
    std::fprintf(stderr, "acs-gateway: %s\n", removed.error().detail.c_str());
    return kBadConfiguration;
  }
  if (!*removed) {
    const bool configured = opened->config->user(name) != nullptr;
    if (!configured) return no_such_user(name);
    std::fprintf(stderr, "acs-gateway: \"%s\" stands in the configuration; remove it there\n",
                 name.c_str());
    return kRefused;
  }
  std::printf("%s\n", common.json ? R"({"removed":true})" : "removed");
  tell_daemon(*opened->config, "/api/reload");
  return kDone;
}

int user_import(const Common& common, const std::string& file) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "acs-gateway: %s cannot be read\n", file.c_str());
    return kBadUsage;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto users = ops::read_users(text, opened->config->numbers.country);
  if (!users) {
    std::fprintf(stderr, "acs-gateway: %s: %s\n", file.c_str(), users.error().detail.c_str());
    return kBadUsage;
  }
  std::vector<config::User> fresh;
  for (const config::User& user : *users) {
    if (const config::User* there = opened->config->user(user.name); there && same(*there, user))
      continue;
    fresh.push_back(user);
    fresh.back().origin.file = file;
  }
  if (!may_be_added(*opened->config, fresh)) return kRefused;
  for (const config::User& user : fresh) {
    if (const auto added = opened->state->store().add_user(user); !added) {
      std::fprintf(stderr, "acs-gateway: %s\n", added.error().detail.c_str());
      return kRefused;
    }
  }
  opened->state->store().flush();
  std::printf("%s\n", common.json ? json{{"imported", fresh.size()},
                                         {"unchanged", users->size() - fresh.size()}}
                                        .dump()
                                        .c_str()
                                  : (std::to_string(fresh.size()) + " users imported").c_str());
  tell_daemon(*opened->config, "/api/reload");
  return kDone;
}

int user_export(const Common& common) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  if (common.json) return user_list(common);
  std::fputs(ops::write_users(opened->config->users).c_str(), stdout);
  return kDone;
}

int token_rotate_key(const Common& common) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  if (const auto rotated = opened->state->rotate_token_key(); !rotated) {
    std::fprintf(stderr, "acs-gateway: %s\n", rotated.error().detail.c_str());
    return kRefused;
  }
  tell_daemon(*opened->config, "/api/reload");
  std::printf("%s\n", common.json
                          ? R"({"rotated":true})"
                          : "a new key signs; tokens of the old one stay good until they expire");
  return kDone;
}

int token_issue(const Common& common, const TokenRequest& request) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  const config::User* user = find(*opened->config, request.user);
  const std::string identity = user ? user->id : request.user;
  if (!user && !acs::identity::is_acs_identity(identity)) return no_such_user(request.user);
  std::vector<acs::identity::Scope> scopes;
  for (const std::string& name : request.scopes) {
    const auto scope = acs::identity::parse_scope(name);
    if (!scope) {
      std::fprintf(
          stderr,
          "acs-gateway: \"%s\" is no scope: voip, voip.join, chat, chat.join, chat.join.limited\n",
          name.c_str());
      return kBadUsage;
    }
    scopes.push_back(*scope);
  }
  const auto token = opened->state->tokens().issue(identity, scopes,
                                                   std::chrono::minutes(request.lifetime_minutes));
  if (common.json) {
    std::printf("%s\n", json{{"token", token.jwt},
                             {"expiresOn", iso8601(token.expires)},
                             {"user", {{"communicationUserId", identity}}}}
                            .dump()
                            .c_str());
  } else {
    std::printf("%s\n", token.jwt.c_str());
  }
  return kDone;
}

int token_revoke(const Common& common, const std::string& name) {
  const auto opened = open(common);
  if (!opened) return kBadConfiguration;
  const config::User* user = find(*opened->config, name);
  if (!user && !acs::identity::is_acs_identity(name)) return no_such_user(name);
  const std::string identity = user ? user->id : name;
  opened->state->store().revoke(identity, opened->clock.wall());
  opened->state->store().flush();
  tell_daemon(*opened->config, "/api/revoke?identity=" + identity);
  std::printf("%s\n", common.json ? R"({"revoked":true})" : "revoked");
  return kDone;
}

int number_list(const Common& common) {
  const config::Loaded loaded = config::load(common.path, common.overrides);
  if (!loaded.ok()) return tell_problems(loaded);
  if (common.json) {
    std::printf("%s\n", json{{"numbers", loaded.config->numbers.owned}}.dump().c_str());
    return kDone;
  }
  for (const std::string& number : loaded.config->numbers.owned)
    std::printf("%s\n", number.c_str());
  return kDone;
}

}  // namespace gw::cli
