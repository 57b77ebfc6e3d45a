#include "bench/rtpengine_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "bench/cores.h"
#include "bench/process_figures.h"

namespace gw::bench {
namespace {

std::string text(std::string_view s) {
  return std::to_string(s.size()) + ":" + std::string(s);
}

std::string encode(const NgRequest& request) {
  std::string out = "d";
  for (const auto& [key, value] : request) {
    out += text(key);
    if (const auto* one = std::get_if<std::string>(&value)) {
      out += text(*one);
      continue;
    }
    out += 'l';
    for (const std::string& item : std::get<std::vector<std::string>>(value)) out += text(item);
    out += 'e';
  }
  return out + 'e';
}

// The text of a key of a flat dictionary. What it says stands behind its length.
std::optional<std::string> text_of(const std::string& answer, std::string_view key) {
  const size_t at = answer.find(text(key));
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + text(key).size();
  const size_t colon = answer.find(':', begin);
  if (colon == std::string::npos) return std::nullopt;
  const size_t size = std::strtoul(answer.c_str() + begin, nullptr, 10);
  if (answer.size() < colon + 1 + size) return std::nullopt;
  return answer.substr(colon + 1, size);
}

}  // namespace

Result<RtpengineProcess> RtpengineProcess::start(const std::string& binary, size_t calls) {
  RtpengineProcess process;
  SystemRandom random;
  process.server_ =
      *SocketAddress::parse("127.0.0.1", static_cast<uint16_t>(22000 + random.u32() % 900));
  process.control_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!process.spawn(binary, calls)) return fail(ErrorCode::Io, "no process started");
  for (int tries = 0; tries < 50; ++tries) {
    if (process.ask({{"command", "ping"}})) return process;
    std::this_thread::sleep_for(100ms);
  }
  return fail(ErrorCode::Timeout, binary + " does not answer");
}

bool RtpengineProcess::spawn(const std::string& binary, size_t calls) {
  const std::string control = "--listen-ng=" + server_.to_string();
  const std::string last = "--port-max=" + std::to_string(23000 + 4 * calls + 200);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    run_on_core(kDaemonCore);
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDERR_FILENO);
    ::execlp(binary.c_str(), binary.c_str(), "--config-file=none", "--table=-1", "--foreground",
             "--log-stderr", "--log-level=3", "--num-threads=1", "--interface=127.0.0.1",
             control.c_str(), "--port-min=23000", last.c_str(), nullptr);
    ::_exit(127);
  }
  return pid_ > 0;
}

Result<std::string> RtpengineProcess::ask(const NgRequest& request) {
  const std::string cookie = std::to_string(++cookie_) + " ";
  const std::string message = cookie + encode(request);
  ::sendto(control_, message.data(), message.size(), 0, server_.data(), server_.size());
  const auto limit = std::chrono::steady_clock::now() + 1s;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto left = limit - std::chrono::steady_clock::now();
    pollfd readable{control_, POLLIN, 0};
    if (left <= Duration{0} || ::poll(&readable, 1, static_cast<int>(to_ms(left)) + 1) <= 0) break;
    const ssize_t n = ::recv(control_, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    const std::string answer(buffer.data(), static_cast<size_t>(n));
    if (!answer.starts_with(cookie)) continue;
    if (text_of(answer, "result").value_or("") == "error") {
      return fail(ErrorCode::Protocol, text_of(answer, "error-reason").value_or("refused"));
    }
    return text_of(answer, "sdp").value_or("");
  }
  return fail(ErrorCode::Timeout, "no answer");
}

RtpengineProcess::RtpengineProcess(RtpengineProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      control_(std::exchange(other.control_, -1)),
      server_(other.server_),
      cookie_(other.cookie_) {}

RtpengineProcess::~RtpengineProcess() {
  if (control_ >= 0) ::close(control_);
  if (pid_ > 0) end_process(pid_);
}

}  // namespace gw::bench
