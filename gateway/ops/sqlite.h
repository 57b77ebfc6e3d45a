#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::ops::sqlite {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

class Statement;

// One connection, used by one thread at a time.
class Database {
 public:
  static Result<Database> open(const std::string& path);

  Result<void> run(const char* sql);  // One or more statements without values.
  Statement prepare(
      std::string_view sql);  // Ours, so it compiles: a typo aborts in the first test.
  Error error(std::string_view what) const;
  int changes() const { return sqlite3_changes(db_.get()); }

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, Close> db_;
};

// A prepared statement: bind in order, step, read columns in order, and again after reset.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(std::string_view text);
  Statement& bind(int64_t number);
  bool row();  // True while there is one.
  bool run();  // For statements without rows: false when it failed. Resets.
  void reset();

  std::string text();
  int64_t number();

 private:
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
  int next_column_ = 0;
};

}  // namespace gw::ops::sqlite
