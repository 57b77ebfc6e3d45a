#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace gw::cli {

// Rows in columns of even width, for a terminal.
class Table {
 public:
  explicit Table(std::initializer_list<const char*> columns) {
    rows_.emplace_back(columns.begin(), columns.end());
  }

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string text() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        const bool last = i + 1 == row.size();
        out += row[i] + (last ? "\n" : std::string(widths[i] - row[i].size() + 2, ' '));
      }
    }
    return out;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace gw::cli
