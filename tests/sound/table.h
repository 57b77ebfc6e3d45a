#pragma once

#include <string>
#include <vector>

#include "tests/sound/call.h"
#include "tests/sound/score.h"
#include "tests/sound/speech.h"

namespace gw::sound {

// One network, one direction, the mean over all voices and seeds.
struct Row {
  Network network;
  Way way = Way::PhoneToBrowser;
  Hop hop = Hop::ToGateway;
  Score with;     // As the gateway is.
  Score without;  // Silence in place of what is lost. Not measured behind the gateway.
  double longest_way_ms = 0;
  size_t most_together = 0;
  bool whole = true;  // What arrived lasts as long as what was sent, in every run.
};

Row measure(const std::vector<Speech>& speech, const Network& network, Way way, Hop hop,
            uint32_t seeds);

// Markdown.
std::string heading(Hop hop);
std::string line(const Row& row);

}  // namespace gw::sound
