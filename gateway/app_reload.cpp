// The other half of App: a configuration that takes the place of another while calls go on.
#include <utility>

#include "gateway/app.h"
#include "gateway/config/certificate_check.h"
#include "gateway/config/config_load.h"
#include "gateway/config/config_reload.h"
#include "gateway/config/sip_routing.h"
#include "gateway/ops/hep_capture.h"

namespace gw {

std::string App::reload() {
  nlohmann::json answer = {{"ok", false},
                           {"problems", nlohmann::json::array()},
                           {"changes", nlohmann::json::array()},
                           {"restart", nlohmann::json::array()}};
  const config::Loaded loaded = config::load(source_.path, source_.overrides);
  for (const config::Problem& problem : loaded.problems)
    answer["problems"].push_back(config::to_string(problem));
  if (!loaded.ok()) {
    log_.error("reload was refused, the old configuration stays in force",
               {{"problems", loaded.problems.size()}});
    for (const config::Problem& problem : loaded.problems)
      log_.error("configuration problem", {{"at", config::to_string(problem)}});
    return answer.dump();
  }
  const config::Difference difference = config::compare(*config_, *loaded.config);
  for (const std::string& line : difference.changes) {
    log_.info("configuration changed", {{"what", line}});
    answer["changes"].push_back(line);
  }
  for (const std::string& key : difference.restart) {
    log_.warn("a restart is needed for this key", {{"key", key}});
    answer["restart"].push_back(key);
  }
  adopt(loaded.config);
  answer["ok"] = true;
  log_.info("configuration was reloaded", {{"changes", difference.changes.size()}});
  return answer.dump();
}

void App::adopt(const std::shared_ptr<config::Config>& config) {
  if (const auto completed = state_->complete(*config); !completed) {
    log_.error("reload was refused, the old configuration stays in force",
               {{"why", completed.error().detail}});
    return;
  }
  config_ = config;
  control_->set_config(config_);
  take_hold_music();
  trunk_health_->keep_only(*config_);
  trunks_->set_config(config_);
  registrations_->set_config(config_);
  agent_->set_config(config_->sip);  // Reads its certificate again.
  if (web_ && config_->edge.listen) {
    if (const auto loaded = web_->reload_certificate(); !loaded) {
      log_.error("the edge's certificate was not reloaded, the old one stays",
                 {{"error", loaded.error().detail}});
    }
  }
  take_capture();
  registrar_->set_limits(
      {config_->sip.min_expires, config_->sip.max_expires, config_->sip.default_expires});
  show_certificates();
  publish_users();
  if (cloud_) cloud_->set_config(*config_);
}

// Also after each reload: the file may be another by the same name.
void App::take_hold_music() {
  if (!chores_) chores_ = std::make_unique<ops::Chores>();
  chores_->post([this, what = config_->calls.hold_music] {
    loop_->post([this, clip = read_hold_music(what)] {
      if (clip) {
        services_->hold_music = *clip;
      } else {
        log_.error("hold music was not read, what was in force stays",
                   {{"error", clip.error().detail}});
      }
    });
  });
}

// After a reload as well: a collector's name may have another address.
void App::take_capture() {
  if (config_->hep.host.empty()) return agent_->set_capture({});
  if (!chores_) chores_ = std::make_unique<ops::Chores>();
  chores_->post([this, wanted = config_->hep] {
    loop_->post([this, wanted, capture = ops::HepCapture::open(wanted, metrics_)] {
      if (!agent_ || wanted != config_->hep) return;
      if (!capture)
        return log_.error("the HEP collector was not reached", {{"error", capture.error().detail}});
      agent_->set_capture([this, capture = *capture](const sip::CapturedMessage& message) {
        capture->take(message, clock_.wall());
      });
      log_.info("SIP is captured",
                {{"collector", wanted.host + ":" + std::to_string(wanted.port)}});
    });
  });
}

// Checked on a copy, then stored, then in force: what was answered with success outlives a restart.
void App::adopt_routing(const acs::rest::SipRouting& routing,
                        std::function<void(Result<void>)> done) {
  config::Config tried = *config_;
  if (const auto applied = config::apply_routing(routing, tried); !applied) return done(applied);
  const auto stored = [this, done = std::move(done)](const Result<bool>& kept) {
    if (!kept) return done(tl::unexpected(kept.error()));
    loop_->post([this, done] {
      adopt(std::make_shared<config::Config>(*config_));  // Completed from the store.
      log_.info("trunks and routes were set over rest",
                {{"trunks", config_->trunks.size()}, {"routes", config_->routes.size()}});
      done({});
    });
  };
  state_->store().keep_value(State::kSipRouting,
                             acs::rest::to_json(routing, acs::rest::Trunks::Stored), stored);
}

}  // namespace gw
