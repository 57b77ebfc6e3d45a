#pragma once

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "acs/cloud/connection_string.h"
#include "tests/unit/acs/rest/recorded_requests.h"

namespace gw::test {

inline nlohmann::json test_data(const std::string& name) {
  std::ifstream file(GW_TEST_DATA "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return nlohmann::json::parse(text.str());
}

// What an official JavaScript client sent for one operation.
struct Recorded {
  explicit Recorded(const std::string& name) {
    const nlohmann::json data = test_data("acs_requests/" + name + ".json");
    method = data.at("method");
    target = data.at("target");
    body = data.at("body");
    for (const auto& header : data.at("headers")) {
      std::string key = header.at(0);
      std::ranges::transform(key, key.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      headers[key] = header.at(1);
    }
  }

  std::string method, target, body;
  std::map<std::string, std::string> headers;  // Names in lower case.
};

inline acs::cloud::Resource recorded_resource() {
  return *acs::cloud::parse_connection_string(Masked("endpoint=https://" +
                                                     std::string(kRecordedHost) +
                                                     "/;accesskey=" + std::string(kRecordedKey)));
}

}  // namespace gw::test
