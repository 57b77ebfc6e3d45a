#include "bench/process_figures.h"

#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/clock.h"

namespace gw::bench {
namespace {

constexpr Duration kStopLimit = 5s;

}  // namespace

uint64_t cpu_ns(pid_t pid) {
  uint64_t sum = 0;
  std::error_code ignored;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    uint64_t on_cpu = 0;
    if (std::ifstream(task.path() / "schedstat") >> on_cpu) sum += on_cpu;
  }
  return sum;
}

uint64_t rss_kb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (uint64_t kb = 0; word == "VmRSS:" && status >> kb) return kb;
  }
  return 0;
}

size_t descriptors(pid_t pid) {
  std::error_code ignored;
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd", ignored);
  return static_cast<size_t>(std::distance(begin(open), end(open)));
}

void end_process(pid_t pid) {
  ::kill(pid, SIGTERM);
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > limit) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace gw::bench
