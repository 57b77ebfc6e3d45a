#include "bench/gateway_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "bench/http_exchange.h"
#include "bench/process_figures.h"

namespace gw::bench {
namespace {

constexpr Duration kStartLimit = 30s;

// "http://127.0.0.1:8080" or "udp:127.0.0.1:5060" behind `name` in the ready line.
std::optional<SocketAddress> address_in(std::string_view line, std::string_view name) {
  const size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + name.size());
  return SocketAddress::parse(rest.substr(0, rest.find_first_of(", \n")));
}

}  // namespace

Result<GatewayProcess> GatewayProcess::start(const Options& options) {
  std::string folder = (std::filesystem::temp_directory_path() / "bench-gateway-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail(ErrorCode::Io, "no temporary folder");
  // A phone's pair of ports rests a while before it is used again.
  const size_t wanted = 4 * std::max(options.users, options.calls) + 64;
  auto ports = test::PortSlice::take(std::min(wanted, test::PortSlice::kMost));
  if (!ports) return fail(ErrorCode::Exhausted, "other benchmarks or tests hold all ports");
  GatewayProcess gateway(std::move(folder), std::move(*ports));
  if (!gateway.write_configuration(options)) return fail(ErrorCode::Io, "no configuration written");
  if (!gateway.spawn(options.binary)) return fail(ErrorCode::Io, "no process started");
  if (auto ready = gateway.wait_until_ready(); !ready) {
    return fail(ready.error().code, ready.error().detail + "\n" + gateway.log_tail());
  }
  return gateway;
}

bool GatewayProcess::write_configuration(const Options& options) const {
  const size_t calls = std::max(options.users, options.calls);
  std::ofstream out(folder_ + "/bench.toml");
  out << "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\ndomain = \"127.0.0.1\"\n"
      << "[media.opus]\ncomplexity = " << options.complexity << "\n"
      << "[media]\naddress = \"127.0.0.1\"\nworkers = 1\nwebrtc_ports = \"0\"\nports = \""
      << ports_.low() << '-' << ports_.high() << "\"\n"
      << "[calls]\nmedia_timeout = \"5m\"\n"
      << "[edge]\nlisten = \"127.0.0.1:0\"\nlocal_http = \"127.0.0.1:0\"\ndemo_tokens = true\n"
      << "[admin]\nlisten = \"127.0.0.1:0\"\n[state]\ndir = \"state\"\n[cdr]\nfile = \"" << folder_
      << "/cdr.jsonl\"\n"
      << "[limits]\nmax_calls = " << calls + 16
      << "\ncalls_per_second = 0\nrequests_per_second = 0\n[numbers]\nemergency = []\n"
      << "[[trunk]]\nname = \"bench\"\ntargets = [\"" << options.trunk.to_string()
      << "\"]\npeers = [\"" << options.trunk.to_string() << "\"]\noptions_interval = \"0s\"\n";
  for (size_t i = 0; i < options.users; ++i) {
    out << "[[user]]\nname = \"" << user(i) << "\"\n[[route]]\nname = \"" << user(i)
        << "\"\nfrom = [\"trunk:bench\"]\nto = \"" << number(i)
        << "\"\ntargets = [\"user:" << user(i) << "\"]\nmedia = \"" << options.route_media
        << "\"\n";
  }
  if (options.far_trunk) {
    const std::string far = options.far_trunk->to_string();
    out << "[[trunk]]\nname = \"far\"\ntargets = [\"" << far << "\"]\npeers = [\"" << far
        << "\"]\noptions_interval = \"0s\"\n[[route]]\nname = \"far\"\nfrom = "
           "[\"trunk:bench\"]\nto = "
        << "\"+1206*\"\ntargets = [\"trunk:far\"]\n";
  }
  out.close();
  return !out.fail();
}

bool GatewayProcess::spawn(const std::string& binary) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return false;
  const std::string conf = folder_ + "/bench.toml", log = folder_ + "/log";
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    // It must not outlive us, whatever ends us.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    run_on_core(kDaemonCore);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(log_fd, STDERR_FILENO);
    ::execl(binary.c_str(), binary.c_str(), "run", "-c", conf.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  ::close(log_fd);
  out_ = pipe[0];
  return pid_ > 0;
}

Result<void> GatewayProcess::wait_until_ready() {
  std::string line;
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (line.find('\n') == std::string::npos) {
    const auto left = limit - std::chrono::steady_clock::now();
    pollfd readable{out_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(std::max<int64_t>(to_ms(left), 0))) <= 0) {
      return fail(ErrorCode::Timeout, "the gateway did not become ready");
    }
    std::array<char, 1024> text{};
    const ssize_t n = ::read(out_, text.data(), text.size());
    if (n <= 0) return fail(ErrorCode::Unavailable, "the gateway did not start");
    line.append(text.data(), static_cast<size_t>(n));
  }
  const auto sip = address_in(line, "sip=udp:");
  const auto local = address_in(line, "local=http://");
  const auto admin = address_in(line, "admin=http://");
  if (!sip || !local || !admin) return fail(ErrorCode::Protocol, "no ready line: " + line);
  sip_ = *sip;
  local_ = *local;
  admin_ = *admin;
  return {};
}

GatewayProcess::GatewayProcess(GatewayProcess&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      ports_(std::move(other.ports_)),
      pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      sip_(other.sip_),
      local_(other.local_),
      admin_(other.admin_) {}

GatewayProcess::~GatewayProcess() {
  if (out_ >= 0) ::close(out_);
  if (pid_ > 0) end_process(pid_);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

uint64_t GatewayProcess::cpu_ns() const {
  return bench::cpu_ns(pid_);
}

uint64_t GatewayProcess::rss_kb() const {
  return bench::rss_kb(pid_);
}

size_t GatewayProcess::descriptors() const {
  return bench::descriptors(pid_);
}

std::map<std::string, double> GatewayProcess::metrics() const {
  std::map<std::string, double> values;
  const auto text = http_exchange(admin_, "GET", "/metrics", "");
  if (!text) return values;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    if (line.starts_with('#') || space == std::string::npos) continue;
    // There is one worker, so its label says nothing.
    std::string name = line.substr(0, space);
    if (const size_t label = name.find("{worker=\"0\"}"); label != std::string::npos)
      name.resize(label);
    if (name.find('{') == std::string::npos) {
      values[name] = std::strtod(line.c_str() + space, nullptr);
    }
  }
  return values;
}

std::string GatewayProcess::log_tail() const {
  constexpr size_t kTail = 2000;
  std::ifstream in(folder_ + "/log");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > kTail ? all.substr(all.size() - kTail) : all;
}

}  // namespace gw::bench
