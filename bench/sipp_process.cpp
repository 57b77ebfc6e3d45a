#include "bench/sipp_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "bench/cores.h"
#include "bench/process_figures.h"

namespace gw::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStatistics = "statistics.csv";
constexpr const char* kErrors = "errors";
constexpr unsigned kSampled = 200;  // Set-up times are written in lots of so many.

// sipp's CSV: a line of names, lines of values, ";" between.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ';');) all.push_back(cell);
  return all;
}

uint64_t value_of(const std::vector<std::string>& names, const std::vector<std::string>& values,
                  const std::string& name) {
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) {
    if (names[i] == name) return std::strtoull(values[i].c_str(), nullptr, 10);
  }
  return 0;
}

std::vector<std::string> arguments(const SocketAddress& own, const SippProcess::Options& options) {
  std::vector<std::string> all{"sipp"};
  if (options.to) all.push_back(options.to->to_string());
  const std::string scenario = std::string(GW_BENCH_SIPP) + "/" + options.scenario + ".xml";
  for (const std::string& argument : {std::string("-sf"),        scenario,
                                      std::string("-i"),         own.host(),
                                      std::string("-p"),         std::to_string(own.port()),
                                      std::string("-t"),         std::string("u1"),
                                      std::string("-m"),         std::to_string(options.calls),
                                      std::string("-nostdin"),   std::string("-recv_timeout"),
                                      std::string("40000"),      std::string("-trace_stat"),
                                      std::string("-stf"),       std::string(kStatistics),
                                      std::string("-fd"),        std::string("5"),
                                      std::string("-trace_err"), std::string("-error_file"),
                                      std::string(kErrors)}) {
    all.push_back(argument);
  }
  if (options.to) {
    for (const std::string& argument :
         {std::string("-r"), std::to_string(options.per_second), std::string("-l"),
          std::string("20000"), std::string("-d"), std::to_string(options.hold_ms),
          std::string("-trace_rtt"), std::string("-rtt_freq"), std::to_string(kSampled)}) {
      all.push_back(argument);
    }
  }
  return all;
}

}  // namespace

Result<SippProcess> SippProcess::start(const SocketAddress& own, const Options& options) {
  std::string folder = (fs::temp_directory_path() / "bench-sipp-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail(ErrorCode::Io, "no temporary folder");
  std::vector<std::string> texts = arguments(own, options);
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorCode::Io, "no process started");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // It must not outlive us, whatever ends us.
    if (::getppid() != parent || ::chdir(folder.c_str()) != 0) ::_exit(127);
    run_on_core(kOurCore);
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, fd);
    ::setenv("TERM", "dumb", 1);
    ::execvp("sipp", argv.data());
    ::_exit(127);
  }
  return SippProcess(std::move(folder), pid);
}

SippProcess::SippProcess(SippProcess&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), pid_(std::exchange(other.pid_, -1)) {}

SippProcess::~SippProcess() {
  if (pid_ > 0) end_process(pid_);
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

bool SippProcess::ended() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

SippProcess::Outcome SippProcess::outcome() const {
  Outcome out;
  std::ifstream statistics(folder_ + "/" + kStatistics);
  std::string names, line, last;
  std::getline(statistics, names);
  while (std::getline(statistics, line)) {
    if (!line.empty()) last = line;
  }
  const auto columns = cells(names), values = cells(last);
  out.successful = value_of(columns, values, "SuccessfulCall(C)");
  out.failed = value_of(columns, values, "FailedCall(C)");
  out.retransmitted = value_of(columns, values, "Retransmissions(C)");
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (!entry.path().string().ends_with("_rtt.csv")) continue;
    std::ifstream times(entry.path());
    std::getline(times, line);
    while (std::getline(times, line)) {
      const auto row = cells(line);  // Date_ms;response_time_ms;rtd_name
      if (row.size() >= 2) out.setup_ms.push_back(std::strtod(row[1].c_str(), nullptr));
    }
  }
  return out;
}

std::string SippProcess::errors() const {
  std::ifstream in(folder_ + "/" + kErrors);
  std::stringstream text;
  text << in.rdbuf();
  return text.str().substr(0, 2000);
}

SocketAddress free_port() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return *SocketAddress::parse("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
}

}  // namespace gw::bench
