#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gw::fuzz {

// Cuts the fuzzer's bytes into decisions and texts.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  // Up to a zero byte.
  std::string_view text() {
    size_t end = 0;
    while (end < rest_.size() && rest_[end] != 0) ++end;
    const std::string_view out(reinterpret_cast<const char*>(rest_.data()), end);
    rest_ = rest_.subspan(end < rest_.size() ? end + 1 : end);
    return out;
  }
  std::span<const std::byte> bytes(size_t size) {
    const auto out = std::as_bytes(rest_.first(size < rest_.size() ? size : rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace gw::fuzz
