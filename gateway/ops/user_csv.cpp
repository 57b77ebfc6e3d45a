#include "gateway/ops/user_csv.h"

#include <algorithm>
#include <array>
#include <optional>

#include "acs/identity/token_service.h"
#include "base/text.h"
#include "gateway/policy/router.h"

namespace gw::ops {
namespace {

constexpr std::array<std::string_view, 7> kColumns{
    "name", "email", "display_name", "extension", "numbers", "alternate_caller_ids", "id"};
constexpr size_t kMaxFile = 64 << 20;

struct Row {
  size_t line = 0;
  std::vector<std::string> cells;
};

tl::unexpected<Error> wrong(size_t line, const std::string& why) {
  return fail(ErrorCode::InvalidArgument, "line " + std::to_string(line) + ": " + why);
}

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// One cell from `at` on; leaves `at` behind it, at ',' or at the line's end.
std::optional<std::string> read_cell(std::string_view text, size_t& at, size_t& line) {
  std::string cell;
  if (at == text.size() || text[at] != '"') {
    const size_t end = std::min(text.find_first_of(",\r\n", at), text.size());
    cell = text.substr(at, end - at);
    at = end;
    return cell;
  }
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') {
      if (text[at] == '\n') ++line;
      cell += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      cell += text[++at];
    } else {
      ++at;
      return cell;
    }
  }
  return std::nullopt;  // The quote was never closed.
}

Result<std::vector<Row>> read_rows(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // As spreadsheets write UTF-8.
  std::vector<Row> rows;
  size_t line = 1;
  for (size_t at = 0; at < text.size();) {
    Row row{line, {}};
    for (;;) {
      auto cell = read_cell(text, at, line);
      if (!cell) return wrong(row.line, "a quote is not closed");
      row.cells.push_back(std::move(*cell));
      if (at == text.size() || text[at] != ',') break;
      ++at;
    }
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] != '\n') return wrong(line, "text after a closing quote");
    ++at;
    ++line;
    const bool blank = row.cells.size() == 1 && row.cells.front().empty();
    if (!blank) rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<std::string>> read_numbers(const Row& row, std::string_view cell,
                                              const std::string& country) {
  std::vector<std::string> numbers;
  while (!cell.empty()) {
    const size_t end = std::min(cell.find_first_of("; "), cell.size());
    const std::string_view one = cell.substr(0, end);
    cell.remove_prefix(std::min(end + 1, cell.size()));
    if (one.empty()) continue;
    const auto e164 = policy::normalise(one, country);
    if (!e164) {
      return wrong(row.line, "\"" + std::string(one) +
                                 "\" is no phone number; write it as +14255550123, without blanks");
    }
    numbers.push_back(*e164);
  }
  return numbers;
}

}  // namespace

std::string write_users(const std::vector<config::User>& users) {
  std::string out;
  for (const std::string_view column : kColumns) {
    out += (out.empty() ? "" : ",") + std::string(column);
  }
  out += "\r\n";
  for (const config::User& user : users) {
    out += quoted(user.name) + "," + quoted(user.email) + "," + quoted(user.display_name) + "," +
           quoted(user.extension) + "," + quoted(joined(user.numbers, " ")) + "," +
           quoted(joined(user.alternate_caller_ids, " ")) + "," + quoted(user.id) + "\r\n";
  }
  return out;
}

Result<std::vector<config::User>> read_users(std::string_view text, const std::string& country) {
  if (text.size() > kMaxFile) return fail(ErrorCode::InvalidArgument, "the file is too large");
  auto rows = read_rows(text);
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return wrong(1, "the header line is missing");
  const std::vector<std::string> header = rows->front().cells;
  for (const std::string& column : header) {
    if (std::ranges::find(kColumns, column) == kColumns.end()) {
      return wrong(1, "there is no column \"" + column + "\"");
    }
    if (std::ranges::count(header, column) > 1) return wrong(1, "\"" + column + "\" stands twice");
  }
  std::vector<config::User> users;
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    if (row->cells.size() != header.size()) return wrong(row->line, "not as many cells as columns");
    const auto cell = [&](std::string_view column) -> std::string {
      const auto at = std::ranges::find(header, column);
      return at == header.end() ? "" : row->cells[static_cast<size_t>(at - header.begin())];
    };
    config::User user;
    user.origin.line = static_cast<int>(row->line);
    user.name = cell("name");
    user.email = cell("email");
    user.display_name = cell("display_name");
    user.extension = cell("extension");
    user.id = cell("id");
    if (user.name.empty()) return wrong(row->line, "the name is missing");
    const bool echo = user.id == "8:echo123";
    if (!user.id.empty() && !echo && !acs::identity::is_acs_identity(user.id)) {
      return wrong(row->line, "\"" + user.id + "\" is no identity 8:acs:GUID_GUID");
    }
    auto numbers = read_numbers(*row, cell("numbers"), country);
    if (!numbers) return tl::unexpected(numbers.error());
    auto caller_ids = read_numbers(*row, cell("alternate_caller_ids"), country);
    if (!caller_ids) return tl::unexpected(caller_ids.error());
    user.numbers = std::move(*numbers);
    user.alternate_caller_ids = std::move(*caller_ids);
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace gw::ops
