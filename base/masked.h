#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace gw {

// Keeps the ends of a number, none of a token: "+1425***23", "***".
std::string mask(std::string_view text);

// A phone number, name or token that must not be read in full from a log. Ask for reveal() by name.
class Masked {
 public:
  Masked() = default;
  explicit Masked(std::string value) : value_(std::move(value)) {}

  const std::string& reveal() const { return value_; }
  std::string masked() const { return mask(value_); }
  bool empty() const { return value_.empty(); }
  bool operator==(const Masked&) const = default;

 private:
  std::string value_;
};

}  // namespace gw
