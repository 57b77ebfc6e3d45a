#pragma once

#include <map>
#include <string>
#include <vector>

#include "acs/edge/edge_server.h"

namespace gw::test {

// An edge whose users' devices are names in a list; remembers what it was told to tell them.
class FakeEdge final : public acs::edge::EdgeServer {
 public:
  struct Answer {
    acs::edge::Status status;
    std::optional<std::string> sdp;
  };
  struct Ended {
    std::string call_id;
    acs::edge::DeviceId device;
    acs::edge::EndReason reason;
  };

  std::vector<acs::edge::DeviceId> ring(const Ring& ring) override {
    rung.push_back(ring);
    return present;
  }
  size_t devices(std::string_view) const override { return present.size(); }
  void respond(const acs::edge::RequestRef& request, const acs::edge::Status& status,
               std::optional<std::string> answer, uint32_t) override {
    answers[request.request_id].push_back({status, std::move(answer)});
  }
  void settle(const std::string&, const acs::edge::DeviceId& device,
              const acs::edge::EndReason& for_others) override {
    settled = device;
    losers_hear = for_others;
  }
  void update(const acs::edge::DeviceId&, const acs::edge::CallUpdate& update) override {
    states.push_back(update.state);
  }
  void participants(const acs::edge::DeviceId&, const std::string&,
                    std::vector<acs::edge::Participant> changed,
                    std::vector<acs::edge::Participant> removed) override {
    for (auto& participant : changed) roster[participant.participant_id] = participant;
    for (const auto& participant : removed) roster.erase(participant.participant_id);
  }
  void transfer(const acs::edge::DeviceId&, const acs::edge::TransferUpdate& update) override {
    transfers.push_back(update);
  }
  void request_offer(const acs::edge::DeviceId&, const std::string&, uint32_t generation) override {
    ++offers_asked;
    generation_asked = generation;
  }
  void end(const std::string& call_id, const acs::edge::DeviceId& device,
           const acs::edge::EndReason& reason) override {
    ended.push_back({call_id, device, reason});
  }
  void revoke(std::string_view) override {}
  void shut_down() override {}

  // Of a request that was answered exactly once.
  uint32_t code(uint32_t request) const {
    const auto it = answers.find(request);
    return it == answers.end() || it->second.size() != 1 ? 9999 : it->second.front().status.code;
  }

  std::vector<acs::edge::DeviceId> present;
  std::vector<Ring> rung;
  std::map<uint32_t, std::vector<Answer>> answers;
  acs::edge::DeviceId settled;
  acs::edge::EndReason losers_hear;
  std::vector<acs::edge::CallState> states;
  std::vector<Ended> ended;
  std::vector<acs::edge::TransferUpdate> transfers;
  std::map<std::string, acs::edge::Participant> roster;  // As the user's library has it.
  int offers_asked = 0;
  uint32_t generation_asked = 0;
};

}  // namespace gw::test
