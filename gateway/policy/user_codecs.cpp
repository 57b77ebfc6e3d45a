#include "gateway/policy/user_codecs.h"

#include <algorithm>

namespace gw::policy {

std::vector<media::Codec> codecs_for_user(config::RouteMedia wish,
                                          std::optional<media::Codec> other) {
  using enum media::Codec;
  std::vector<media::Codec> codecs{Opus, G722, Pcmu, Pcma};
  // Ahead of the rest.
  const auto prefer = [&codecs](media::Codec codec) {
    const auto place = std::ranges::find(codecs, codec);
    std::rotate(codecs.begin(), place, place + 1);
  };
  switch (wish) {
    case config::RouteMedia::Auto:
      if (other) prefer(*other);
      break;
    case config::RouteMedia::Opus: break;
    case config::RouteMedia::G711:
      prefer(Pcma);
      if (other != Pcma) prefer(Pcmu);
      break;
  }
  return codecs;
}

}  // namespace gw::policy
