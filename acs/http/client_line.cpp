#include "acs/http/client_line.h"

#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using boost::system::error_code;
namespace {

constexpr uint32_t kMaxAnswerHeader = 65536;
constexpr int kMaxInterim = 4;  // 1xx before the answer; more is a server that makes fun of us.

template <class Stream>
class LineOf final : public ClientLine {
 public:
  explicit LineOf(Stream stream) : stream_(std::move(stream)) {}

  asio::awaitable<error_code> exchange(const OutgoingRequest& request, AnswerParser& answer,
                                       size_t max_body, TimePoint deadline) override {
    answer.body_limit(max_body);
    beast::get_lowest_layer(stream_).expires_at(deadline);
    error_code error;
    co_await bhttp::async_write(stream_, request, asio::redirect_error(asio::use_awaitable, error));
    for (int interim = 0; !error && interim <= kMaxInterim; ++interim) {
      // An interim answer has no body: its end is the end of its header.
      bhttp::response_parser<bhttp::empty_body> head;
      head.header_limit(kMaxAnswerHeader);
      head.skip(true);
      if (!co_await starts_with_interim(error)) break;
      co_await bhttp::async_read(stream_, buffer_, head,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) co_return error;
    answer.header_limit(kMaxAnswerHeader);
    co_await bhttp::async_read_header(stream_, buffer_, answer,
                                      asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return error;
    if (!answer.is_done()) {
      // Beast 1.74 lets a response through that announces more than the parser's limit.
      const auto announced = answer.content_length();
      if (announced && *announced > max_body) co_return bhttp::error::body_limit;
      co_await bhttp::async_read(stream_, buffer_, answer,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    beast::get_lowest_layer(stream_).expires_never();
    if (!error) ++exchanges_;
    co_return error;
  }

  bool fresh() override {
    if (buffer_.size() != 0) return false;
    char byte = 0;
    const int fd = beast::get_lowest_layer(stream_).socket().native_handle();
    const ssize_t n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  // "HTTP/1.1 1": the answer's first twelve bytes tell.
  asio::awaitable<bool> starts_with_interim(error_code& error) {
    static constexpr size_t kStatusLine = 12;
    while (!error && buffer_.size() < kStatusLine) {
      const size_t n = co_await stream_.async_read_some(
          buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
      buffer_.commit(n);
    }
    if (error) co_return false;
    const auto* begin = static_cast<const char*>(buffer_.data().data());
    co_return begin[8] == ' ' && begin[9] == '1';
  }

  Stream stream_;
  beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<Result<std::unique_ptr<ClientLine>>> ClientLine::open(
    asio::any_io_executor executor, Dialling dialling) {
  Result<PlainStream> plain = co_await connect(executor, dialling);
  if (!plain) co_return tl::unexpected(plain.error());
  std::unique_ptr<ClientLine> line;
  if (!dialling.url.secure()) {
    line = std::make_unique<LineOf<PlainStream>>(std::move(*plain));
    co_return std::move(line);
  }
  PlainStream below = std::move(*plain);
  Result<TlsStream> tls = co_await secure(std::move(below), dialling);
  if (!tls) co_return tl::unexpected(tls.error());
  line = std::make_unique<LineOf<TlsStream>>(std::move(*tls));
  co_return std::move(line);
}

}  // namespace gw::acs::http
