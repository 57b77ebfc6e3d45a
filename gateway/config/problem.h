#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace gw::config {

// One thing that is wrong with the configuration, for the person who wrote it.
struct Problem {
  Origin origin;
  std::string key;   // "sip.listen"; a trunk's file has the bare key: "codecs".
  std::string text;  // What is wrong and what would be right.
  bool warning = false;
};

// "trunks.d/acme.toml:12: codecs: "G729" is not one of PCMU, PCMA, G722, opus"
std::string to_string(const Problem& problem);

std::string to_string(const Origin& origin);  // "trunks.d/acme.toml:12", "--set"

// Collects every problem of a load; nothing stops at the first.
class Problems {
 public:
  void error(const Origin& origin, std::string_view key, std::string text);
  void warn(const Origin& origin, std::string_view key, std::string text);

  bool failed() const;
  std::vector<Problem> sorted() &&;  // By file and line; errors before warnings at one place.

 private:
  std::vector<Problem> list_;
};

}  // namespace gw::config
