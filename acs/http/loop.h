#pragma once

#include <memory>

#include "acs/http/inbox.h"

namespace boost::asio {
class io_context;
}

namespace gw::acs::http {

// An Asio thread as its guests see it: where their sockets live, and the way onto it. `io` is the
// owner's (an HttpServer); who keeps a socket on it goes first.
struct Loop {
  boost::asio::io_context& io;
  std::shared_ptr<Inbox> inbox;
};

}  // namespace gw::acs::http
