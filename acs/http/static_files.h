#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

#include "acs/http/http_server.h"

namespace gw::acs::http {

// "text/javascript; charset=utf-8" for "a/b.mjs".
std::string_view content_type_of(std::string_view path);

// The files of one folder: no listing, no dot files, nothing outside the folder (links are followed
// before the check). Small files stay in memory until they change on disk. Owned by the server;
// Asio thread.
class StaticFiles {
 public:
  explicit StaticFiles(std::filesystem::path folder);

  Response get(const Request& request);

 private:
  struct File {
    std::filesystem::file_time_type changed;
    uintmax_t size = 0;
    std::string body, etag;
  };
  const File* load(const std::filesystem::path& path);

  const std::filesystem::path folder_;
  std::unordered_map<std::string, File> cache_;
};

}  // namespace gw::acs::http
