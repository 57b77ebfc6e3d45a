#include "acs/http/static_files.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <utility>

namespace gw::acs::http {
namespace fs = std::filesystem;
namespace {

constexpr uintmax_t kMaxFile =
    16 << 20;                       // A browser bundle has a few hundred kB; more is a mistake.
constexpr size_t kMaxCached = 256;  // Files; a folder with more is read from disk each time.

// Strong: two bodies with one tag would leave an old library in browsers.
std::string tag_of(std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(body.data(), body.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string tag = "\"";
  for (size_t i = 0; i < 16; ++i) {
    tag += kHex[digest[i] >> 4];
    tag += kHex[digest[i] & 15];
  }
  return tag + '"';
}

bool hidden(std::string_view path) {
  return path.find("/.") != std::string_view::npos;
}

bool inside(const fs::path& folder, const fs::path& path) {
  const std::string root = folder.string();
  return path.string().size() > root.size() && path.string().starts_with(root) &&
         path.string()[root.size()] == '/';
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".ts", "application/typescript; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
      {".woff2", "font/woff2"},
      {".wav", "audio/wav"},
      {".mp3", "audio/mpeg"},
      {".wasm", "application/wasm"},
  };
  for (const auto& [suffix, type] : kTypes) {
    if (path.ends_with(suffix)) return type;
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(fs::path folder)
    : folder_([&] {
        std::error_code ignored;
        fs::path canonical = fs::weakly_canonical(folder, ignored);
        return canonical.has_filename() ? canonical : canonical.parent_path();
      }()) {}

Response StaticFiles::get(const Request& request) {
  if (hidden(request.path)) return Response::text(404, "not found\n");
  std::string relative = request.path.substr(1);
  if (relative.empty() || relative.ends_with('/')) relative += "index.html";
  std::error_code error;
  const fs::path path = fs::weakly_canonical(folder_ / relative, error);
  if (error || !inside(folder_, path)) return Response::text(404, "not found\n");
  const File* file = load(path);
  if (!file) return Response::text(404, "not found\n");

  Response response;
  response.content_type = content_type_of(relative);
  response.headers = {{"ETag", file->etag}, {"Cache-Control", "no-cache"}};
  if (matches(request.header("If-None-Match"), file->etag)) {
    response.status = 304;
    return response;
  }
  response.body = file->body;
  return response;
}

const StaticFiles::File* StaticFiles::load(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return nullptr;
  const auto changed = fs::last_write_time(path, error);
  const auto size = fs::file_size(path, error);
  if (error || size > kMaxFile) return nullptr;
  const auto known = cache_.find(path.string());
  if (known != cache_.end() && known->second.changed == changed && known->second.size == size) {
    return &known->second;
  }
  std::ifstream in(path, std::ios::binary);
  std::string body(static_cast<size_t>(size), '\0');
  if (!in.read(body.data(), static_cast<std::streamsize>(size)) && size > 0) return nullptr;
  if (cache_.size() >= kMaxCached) cache_.clear();
  File& file = cache_[path.string()];
  file = File{changed, size, std::move(body), ""};
  file.etag = tag_of(file.body);
  return &file;
}

}  // namespace gw::acs::http
