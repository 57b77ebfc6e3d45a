#include "gateway/ops/sqlite.h"

#include "base/assert.h"

namespace gw::ops::sqlite {

Result<Database> Database::open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(raw);
  if (code != SQLITE_OK)
    return fail(ErrorCode::Io, "cannot open " + path + ": " + sqlite3_errstr(code));
  sqlite3_busy_timeout(raw, 5000);  // The command line and the daemon share the file.
  return database;
}

Error Database::error(std::string_view what) const {
  return {ErrorCode::Io, std::string(what) + ": " + sqlite3_errmsg(db_.get())};
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected(error("database"));
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  GW_ASSERT(code == SQLITE_OK);
  return Statement(statement);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_.get(), next_parameter_++, text.empty() ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(int64_t number) {
  sqlite3_bind_int64(statement_.get(), next_parameter_++, number);
  return *this;
}

bool Statement::row() {
  next_column_ = 0;
  if (sqlite3_step(statement_.get()) == SQLITE_ROW) return true;
  reset();
  return false;
}

bool Statement::run() {
  const int code = sqlite3_step(statement_.get());
  reset();
  return code == SQLITE_DONE || code == SQLITE_ROW;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  next_parameter_ = 1;
}

std::string Statement::text() {
  const int column = next_column_++;
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data ? std::string(data, static_cast<size_t>(size)) : std::string();
}

int64_t Statement::number() {
  return sqlite3_column_int64(statement_.get(), next_column_++);
}

}  // namespace gw::ops::sqlite
