#include "gateway/cli/daemon.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "acs/http/plain_client.h"
#include "gateway/cli/table.h"
#include "gateway/config/config_load.h"

namespace gw::cli {
namespace {

using nlohmann::json;

struct Answer {
  int exit = kDone;
  json body;
};

// Call ids are hexadecimal; anything else cannot name a call and must not reach a URL.
bool is_call_id(const std::string& call) {
  if (!call.empty() && call.find_first_not_of("0123456789abcdef") == std::string::npos) return true;
  std::fprintf(stderr, "acs-gateway: \"%s\" is no call id; `acs-gateway calls` lists them\n",
               call.c_str());
  return false;
}

Answer ask(const Common& common, const std::string& method, const std::string& target,
           std::string body_sent = {}) {
  const config::Loaded loaded = config::load(common.path, common.overrides);
  if (!loaded.config || !loaded.config->admin.listen) {
    std::fprintf(stderr, "acs-gateway: [admin] listen is not set in %s\n", common.path.c_str());
    return {kBadConfiguration, {}};
  }
  acs::http::PlainRequest request;
  request.server = *loaded.config->admin.listen;
  if (request.server.any())
    request.server =
        *SocketAddress::parse(request.server.v6() ? "[::1]" : "127.0.0.1", request.server.port());
  request.method = method;
  request.target = target;
  request.body = std::move(body_sent);
  request.bearer = loaded.config->admin.token.reveal();
  const auto response = acs::http::fetch(request);
  if (!response) {
    std::fprintf(stderr, "acs-gateway: the daemon does not answer: %s\n",
                 response.error().detail.c_str());
    return {kNotReachable, {}};
  }
  json body = json::parse(response->body, nullptr, false);
  if (response->status >= 400) {
    const bool says_why = body.is_object() && body.contains("error");
    std::fprintf(stderr, "acs-gateway: %s\n",
                 says_why ? body["error"].value("message", "refused").c_str()
                          : ("HTTP " + std::to_string(response->status)).c_str());
    return {kRefused, std::move(body)};
  }
  return {kDone, std::move(body)};
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "-";
  if (value.is_array()) {
    std::string out;
    for (const json& item : value) out += (out.empty() ? "" : " ") + text_of(item);
    return out.empty() ? "-" : out;
  }
  if (value.is_object()) {
    // A leg or a device: what it is called.
    if (value.contains("address"))
      return text_of(value["address"]) + "(" + text_of(value["state"]) + ")";
    for (const char* key : {"party", "source"}) {
      if (value.contains(key))
        return text_of(value[key]) +
               (value.contains("codec") ? "(" + text_of(value["codec"]) + ")" : "");
    }
  }
  return value.dump();
}

void print_rows(const json& rows, std::initializer_list<const char*> columns) {
  Table table(columns);
  for (const json& row : rows) {
    std::vector<std::string> cells;
    for (const char* column : columns)
      cells.push_back(row.contains(column) ? text_of(row[column]) : "-");
    table.add(std::move(cells));
  }
  std::fputs(table.text().c_str(), stdout);
}

}  // namespace

int show(const Common& common, const std::string& what) {
  const Answer answer = ask(common, "GET", "/api/" + what);
  if (answer.exit != kDone) return answer.exit;
  if (common.json) {
    std::printf("%s\n", answer.body.dump().c_str());
  } else if (what == "status") {
    for (const auto& [key, value] : answer.body.items())
      std::printf("%-18s %s\n", key.c_str(), text_of(value).c_str());
  } else if (what == "calls") {
    print_rows(answer.body["calls"], {"call_id", "state", "source", "dialled",
                                      "caller_id_presented", "route", "started", "legs"});
  } else if (what == "phones") {
    print_rows(answer.body["phones"],
               {"username", "extension", "display_name", "registered", "devices", "calls"});
  } else if (what == "bans") {
    print_rows(answer.body["bans"], {"source", "reason", "seconds_left", "times"});
  } else {
    print_rows(answer.body["trunks"],
               {"name", "state", "registered", "targets", "addresses", "calls", "max_calls"});
  }
  return kDone;
}

int hang_up(const Common& common, const std::string& call) {
  if (!is_call_id(call)) return kBadUsage;
  const Answer answer = ask(common, "POST", "/api/hangup?call=" + call);
  if (answer.exit == kDone) std::printf("%s\n", common.json ? answer.body.dump().c_str() : "ended");
  return answer.exit;
}

int join(const Common& common, const std::string& call, const std::string& other) {
  if (!is_call_id(call) || !is_call_id(other)) return kBadUsage;
  const Answer answer =
      ask(common, "POST", "/api/calls/" + call + "/join", json{{"call", other}}.dump());
  if (answer.exit == kDone)
    std::printf("%s\n", common.json ? answer.body.dump().c_str() : "joined");
  return answer.exit;
}

int transfer(const Common& common, const std::string& call, const std::string& to) {
  if (!is_call_id(call)) return kBadUsage;
  const Answer answer =
      ask(common, "POST", "/api/calls/" + call + "/transfer", json{{"to", to}}.dump());
  if (answer.exit == kDone)
    std::printf("%s\n", common.json ? answer.body.dump().c_str() : "transferring");
  return answer.exit;
}

int unban(const Common& common, const std::string& address) {
  const auto source = SocketAddress::parse(address);
  if (!source) {
    std::fprintf(stderr, "acs-gateway: \"%s\" is no address; `acs-gateway bans` lists them\n",
                 address.c_str());
    return kBadUsage;
  }
  const Answer answer = ask(common, "POST", "/api/unban?source=" + source->host());
  if (answer.exit == kDone)
    std::printf("%s\n", common.json ? answer.body.dump().c_str() : "lifted");
  return answer.exit;
}

int reload(const Common& common) {
  const Answer answer = ask(common, "POST", "/api/reload");
  if (answer.exit != kDone) return answer.exit;
  if (common.json) {
    std::printf("%s\n", answer.body.dump().c_str());
  } else {
    for (const char* part : {"problems", "changes"}) {
      for (const json& line : answer.body[part]) std::printf("%s\n", text_of(line).c_str());
    }
    for (const json& key : answer.body["restart"])
      std::printf("needs a restart: %s\n", text_of(key).c_str());
    std::printf("%s\n", answer.body["ok"].get<bool>()
                            ? "reloaded"
                            : "refused: the old configuration stays in force");
  }
  return answer.body["ok"].get<bool>() ? kDone : kBadConfiguration;
}

int drain(const Common& common) {
  const Answer answer = ask(common, "POST", "/api/drain");
  if (answer.exit == kDone)
    std::printf("%s\n", common.json ? answer.body.dump().c_str() : "draining");
  return answer.exit;
}

}  // namespace gw::cli
