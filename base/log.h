#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/masked.h"

namespace gw {

enum class LogLevel { Debug, Info, Warning, Error };

// One key=value of a log line. Values from the network are quoted and stripped of control
// characters here.
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const Masked& v) : key(k), value(v.masked()) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) Field(std::string_view k, I v)
      : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, double v);

  std::string_view key;
  std::string value;
};

// Writes logfmt lines, one event a line, past tense:
//   t=2026-11-21T07:32:48.123Z lvl=info call=7f3a leg=sip msg="answered" status=200 setup_ms=840
// A Log is a cheap value that carries its context; with() adds to it. Any thread; one writer thread
// puts lines on stderr.
class Log {
 public:
  Log() = default;
  Log with(std::initializer_list<Field> fields) const;

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const;

  // Once, in main. Before start() and after stop() lines are written directly by the caller.
  static void start(LogLevel level);
  static void stop();

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const;

  std::string context_;
};

}  // namespace gw
