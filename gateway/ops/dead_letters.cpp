#include "gateway/ops/dead_letters.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace gw::ops {

void DeadLetters::keep(std::string line) {
  line += '\n';
  const bool taken =
      chores_.post([path = path_, log = log_, line = std::move(line)] { write(path, line, log); });
  if (!taken) log_.error("dead letter was lost: the disk does not keep up");
}

// It may hold numbers of callers: for its owner alone.
void DeadLetters::write(const std::string& path, const std::string& line, const Log& log) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && static_cast<size_t>(status.st_size) >= kLargest) {
    std::rename(path.c_str(), (path + ".1").c_str());
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (!written) {
    log.error("dead letter was lost", {{"file", path}, {"why", std::strerror(errno)}});
  }
  if (fd >= 0) ::close(fd);
}

}  // namespace gw::ops
