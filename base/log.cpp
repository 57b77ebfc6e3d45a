#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace gw {
namespace {

constexpr size_t kQueuedLines = 8192;  // Beyond it the oldest are dropped: a slow disk must not stop calls.

std::shared_ptr<spdlog::details::thread_pool> writer_pool;
std::shared_ptr<spdlog::logger> writer;
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

void Log::debug(std::string_view m, std::initializer_list<Field> f) const { write(LogLevel::Debug, m, f); }
void Log::info(std::string_view m, std::initializer_list<Field> f) const { write(LogLevel::Info, m, f); }
void Log::warn(std::string_view m, std::initializer_list<Field> f) const { write(LogLevel::Warning, m, f); }
void Log::error(std::string_view m, std::initializer_list<Field> f) const { write(LogLevel::Error, m, f); }

void Log::write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const {
  if (level < threshold) return;
  std::string line = "t=" + iso8601(SystemClock{}.wall()) + " lvl=" + name(level) + context_ + " msg=";
  append_quoted(line, message);
  for (const Field& field : fields) append_field(line, field);
  if (writer) {
    writer->info("{}", line);
    return;
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Log::start(LogLevel level) {
  threshold = level;
  writer_pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%v");
  writer = std::make_shared<spdlog::async_logger>("gw", sink, writer_pool,
                                                  spdlog::async_overflow_policy::overrun_oldest);
  writer->flush_on(spdlog::level::info);
}

void Log::stop() {
  const auto logger = std::exchange(writer, nullptr);  // The thread writes through it to its end.
  writer_pool.reset();                                 // Joins the writer thread after the last line.
}

}  // namespace gw
