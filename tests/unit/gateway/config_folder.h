#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/config/config_load.h"

namespace gw::test {

// Loopback, without emergency numbers: nothing to complain about.
inline constexpr const char* kQuiet = R"(
[sip]
listen = ["udp:127.0.0.1:5060"]
[edge]
listen = "127.0.0.1:8443"
[numbers]
emergency = []
)";

inline constexpr const char* kAliceTable = "[[user]]\nname = \"alice\"\n";

inline std::vector<std::string> lines_of(const config::Loaded& loaded) {
  std::vector<std::string> lines;
  for (const config::Problem& p : loaded.problems) lines.push_back(to_string(p));
  return lines;
}

// A folder for one test, gone with it.
class ConfigFolder {
 public:
  ConfigFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gw-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ConfigFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ConfigFolder(const ConfigFolder&) = delete;
  ConfigFolder& operator=(const ConfigFolder&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace gw::test
