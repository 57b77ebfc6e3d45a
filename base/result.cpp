#include "base/result.h"

namespace gw {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument: return "invalid argument";
    case ErrorCode::NotFound: return "not found";
    case ErrorCode::Conflict: return "conflict";
    case ErrorCode::Unauthorized: return "unauthorized";
    case ErrorCode::Forbidden: return "forbidden";
    case ErrorCode::NotAcceptable: return "not acceptable";
    case ErrorCode::Exhausted: return "exhausted";
    case ErrorCode::Timeout: return "timeout";
    case ErrorCode::Unavailable: return "unavailable";
    case ErrorCode::Protocol: return "protocol error";
    case ErrorCode::Io: return "input/output error";
    case ErrorCode::Internal: return "internal error";
  }
  return "unknown";
}

}  // namespace gw
