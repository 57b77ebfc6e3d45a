// Prints the tables of docs/sound.md:  sound_table [FOLDER] [SEEDS]
#include <cstdio>
#include <cstdlib>

#include "tests/sound/table.h"

int main(int argc, char** argv) {
  using namespace gw::sound;
  const std::string folder = argc > 1 ? argv[1] : "sound";
  const auto seeds = static_cast<uint32_t>(argc > 2 ? std::max(1, std::atoi(argv[2])) : 5);
  const std::vector<Speech> speech = speak(folder, 6);
  if (speech.empty()) {
    std::fputs("sound_table: espeak-ng is missing or says nothing\n", stderr);
    return 1;
  }
  for (const Hop hop : {Hop::ToGateway, Hop::FromGateway}) {
    for (const Way way : {Way::PhoneToBrowser, Way::BrowserToPhone, Way::BrowserToTrunk}) {
      if (hop == Hop::FromGateway && way != Way::PhoneToBrowser) continue;  // The phone's affair.
      std::printf("### %s\n\n%s", to_string(way), heading(hop).c_str());
      for (const Network& network : networks()) {
        std::fputs(line(measure(speech, network, way, hop, seeds)).c_str(), stdout);
        std::fflush(stdout);
      }
      std::printf("\n");
    }
  }
}
