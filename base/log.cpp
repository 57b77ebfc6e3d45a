#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/heap.h"

namespace gw {
namespace {

// Beyond it lines are dropped and counted: a slow disk must not stop calls.
constexpr size_t kQueuedLines = 8192;
// Between two batches. Some six lines a call, each of which wakes the writer, took a tenth of what
// a call cost; spdlog's own queue has no other way.
constexpr Duration kGather = 20ms;

class Writer {
 public:
  Writer() : logger_("gw", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
    logger_.set_pattern("%v");
    thread_ = std::thread([this] { run(); });
  }
  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wakes_.notify_one();
    thread_.join();
  }

  void take(std::string line, bool at_once) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      if (lines_.size() == kQueuedLines) {
        ++dropped_;
        return;
      }
      first = lines_.empty() || (at_once && !urgent_);
      urgent_ |= at_once;
      lines_.push_back(std::move(line));
    }
    if (first) wakes_.notify_one();
  }

 private:
  void run() {
    heap::keep_no_cache();
    std::unique_lock lock(mutex_);
    for (TimePoint written{};;) {
      wakes_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
      wakes_.wait_until(lock, written + kGather, [this] { return stopping_ || urgent_; });
      if (lines_.empty()) return;
      std::swap(lines_, batch_);
      const size_t dropped = std::exchange(dropped_, 0);
      urgent_ = false;
      lock.unlock();
      write(dropped);
      written = monotonic_now();
      lock.lock();
    }
  }

  void write(size_t dropped) {
    std::string text = std::move(batch_.front());
    for (size_t i = 1; i < batch_.size(); ++i) text += '\n' + batch_[i];
    if (dropped > 0)
      text += "\nt=" + iso8601(SystemClock{}.wall()) +
              " lvl=warn msg=\"log lines were dropped\" lines=" + std::to_string(dropped);
    batch_.clear();
    logger_.info("{}", text);
    logger_.flush();
  }

  spdlog::logger logger_;  // The thread's.
  std::vector<std::string> batch_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::vector<std::string> lines_;
  size_t dropped_ = 0;
  bool urgent_ = false, stopping_ = false;
  std::thread thread_;
};

std::unique_ptr<Writer> writer;
LogLevel threshold = LogLevel::Info;

const char* name(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warning: return "warn";
    case LogLevel::Error: return "error";
  }
  return "?";
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= ' ' || u == '"' || u == '=' || u == '\\' || u >= 127) return true;
  }
  return false;
}

void append_quoted(std::string& line, std::string_view text) {
  constexpr size_t kMaxValue = 512;  // A header may be 64 kB; a log line may not.
  line += '"';
  for (const char c : text.substr(0, kMaxValue)) {
    const auto u = static_cast<unsigned char>(c);
    if (u == '"' || u == '\\') line += '\\';
    line += (u < ' ' || u == 127) ? ' ' : c;
  }
  line += '"';
}

void append_field(std::string& line, const Field& field) {
  line += ' ';
  line += field.key;
  line += '=';
  if (needs_quotes(field.value)) {
    append_quoted(line, field.value);
  } else {
    line += field.value;
  }
}

}  // namespace

Field::Field(std::string_view k, double v) : key(k) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", v);
  value = text;
}

Log Log::with(std::initializer_list<Field> fields) const {
  Log more = *this;
  for (const Field& field : fields) append_field(more.context_, field);
  return more;
}

void Log::debug(std::string_view m, std::initializer_list<Field> f) const {
  write(LogLevel::Debug, m, f);
}
void Log::info(std::string_view m, std::initializer_list<Field> f) const {
  write(LogLevel::Info, m, f);
}
void Log::warn(std::string_view m, std::initializer_list<Field> f) const {
  write(LogLevel::Warning, m, f);
}
void Log::error(std::string_view m, std::initializer_list<Field> f) const {
  write(LogLevel::Error, m, f);
}

void Log::write(LogLevel level, std::string_view message,
                std::initializer_list<Field> fields) const {
  if (level < threshold) return;
  std::string line =
      "t=" + iso8601(SystemClock{}.wall()) + " lvl=" + name(level) + context_ + " msg=";
  append_quoted(line, message);
  for (const Field& field : fields) append_field(line, field);
  if (writer) {
    writer->take(std::move(line), level >= LogLevel::Warning);
    return;
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Log::start(LogLevel level) {
  threshold = level;
  writer = std::make_unique<Writer>();
}

void Log::stop() {
  writer.reset();
}  // After the last line.

}  // namespace gw
