#include "gateway/call/roster.h"

#include <algorithm>
#include <vector>

#include "gateway/call/call.h"

namespace gw {

void Roster::on_leg_media(Call& call, Leg& leg, const media::MediaEvent& event) {
  const auto* changed = std::get_if<media::SpeakingChanged>(&event);
  if (changed == nullptr) return;
  std::set<const Leg*>& speakers = books_[&call].speakers;
  if (changed->speaks) {
    speakers.insert(&leg);
  } else {
    speakers.erase(&leg);
  }
  show(call);
}

void Roster::on_joined_to(Call& call, Call& into) {
  if (const auto other = books_.extract(&call); !other.empty()) {
    books_[&into].parties.merge(other.mapped().parties);
    books_[&into].speakers.merge(other.mapped().speakers);
  }
  // It watches both, and they are one now.
  into.unwatch(*this);
  into.watch(*this);
  show(into);
}

void Roster::show(Call& call) {
  if (call.state() != CallState::Talking) return;
  Book& book = books_[&call];
  std::vector<Leg*> people;
  std::ranges::copy_if(call.talking(), std::back_inserter(people),
                       [](const Leg* leg) { return !leg->is_application(); });
  std::erase_if(book.parties, [&](const auto& entry) {
    return std::ranges::find(people, entry.first) == people.end();
  });
  std::erase_if(book.speakers, [&](const Leg* leg) { return !book.parties.contains(leg); });
  for (const Leg* leg : people) {
    if (!book.parties.contains(leg)) {
      book.parties[leg] = {next_key_++, name_of_(call, *leg)};
    }
  }
  for (Leg* listener : people) {
    std::vector<OtherParty> others;
    for (const Leg* leg : people) {
      if (leg == listener) continue;
      const Known& known = book.parties.at(leg);
      const bool speaks = people.size() > 2 && book.speakers.contains(leg) && !call.is_muted(*leg);
      others.push_back({known.key, known.name, leg->locally_held(), call.is_muted(*leg), speaks});
    }
    listener->show_others(others);
  }
}

}  // namespace gw
