#include "acs/identity/pem.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gw::acs::identity {
namespace {

std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

}  // namespace

Owned<EVP_PKEY> make_p256_key() {
  return Owned<EVP_PKEY>(EVP_EC_gen("P-256"));
}

std::string to_pem(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return content_of(bio.get());
}

std::string to_pem(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return content_of(bio.get());
}

Result<void> write_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return fail(ErrorCode::Io, "create " + fresh + ": " + std::strerror(errno));
  const auto size = static_cast<ssize_t>(content.size());
  const bool written = ::write(fd, content.data(), content.size()) == size && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::Io, "write " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace gw::acs::identity
