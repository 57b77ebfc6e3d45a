#pragma once

#include <string>

#include "base/log.h"
#include "gateway/ops/chores.h"

namespace gw::ops {

// Events that no app took, a line of JSON each, so that an operator can see and send them again.
// At 16 MB the file becomes FILE.1, and the one before that goes. Owned by App; any thread.
class DeadLetters {
 public:
  static constexpr size_t kLargest = 16 << 20;

  DeadLetters(std::string path, Chores& chores, Log log)
      : path_(std::move(path)), chores_(chores), log_(std::move(log)) {}

  void keep(std::string line);

 private:
  // On the chores' thread, perhaps after this is gone.
  static void write(const std::string& path, const std::string& line, const Log& log);

  const std::string path_;
  Chores& chores_;
  const Log log_;
};

}  // namespace gw::ops
