#include "gateway/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "gateway/cli/check.h"
#include "gateway/cli/daemon.h"
#include "gateway/cli/directory.h"
#include "gateway/cli/route.h"
#include "gateway/cli/run.h"

namespace gw::cli {
namespace {

// Every subcommand with its options; `chosen` is what to do once the line was read.
class CommandLine {
 public:
  CommandLine() : app_("SIP to Azure Communication Services gateway", "acs-gateway") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", GW_VERSION);
    app_.fallthrough();
    add_daemon();
    add_configuration();
    add_directory();
    add_control();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return app_.exit(e) == 0 ? kDone : kBadUsage;
    }
    return chosen_();
  }

 private:
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                std::function<int()> body) {
    CLI::App* command = parent.add_subcommand(name, help);
    command
        ->add_option("-c,--config", common_.path,
                     "Folder of *.toml and trunks.d/*.toml, or one file")
        ->required();
    command
        ->add_option("--set", common_.overrides, "KEY=VALUE, a TOML value over any key; repeatable")
        ->take_all()
        ->allow_extra_args(false);
    command->add_flag("--json", common_.json, "Print JSON");
    command->callback([this, body = std::move(body)] { chosen_ = body; });
    return command;
  }

  void add_daemon() {
    CLI::App* run_command = add(app_, "run", "Run the gateway in the foreground; logs go to stderr",
                                [this] { return cli::run(common_, log_level_); });
    run_command->add_option("--log", log_level_, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  }

  void add_configuration() {
    add(app_, "check", "Name every problem of the configuration, with file and line",
        [this] { return check(common_); });
    CLI::App* route_command =
        add(app_, "route", "Explain where a call would go, without placing it",
            [this] { return route(common_, route_); });
    route_command->add_option("--from", route_.from, "phone:101, trunk:acme or user:alice")
        ->required();
    route_command->add_option("--to", route_.to, "The dialled number")->required();
    route_command->add_option("--at", route_.at, "When, ISO 8601; now by default");
  }

  void add_directory() {
    CLI::App* user = app_.add_subcommand("user", "The directory of users");
    user->require_subcommand(1);
    CLI::App* user_add = add(*user, "add", "Add a user to the state",
                             [this] { return cli::user_add(common_, user_); });
    user_add->add_option("name", user_.name)->required();
    user_add->add_option("--email", user_.email);
    user_add->add_option("--display-name", user_.display_name);
    user_add->add_option("--extension", user_.extension);
    user_add->add_option("--number", user_.numbers, "E.164; repeatable");
    user_add->add_option("--caller-id", user_.alternate_caller_ids,
                         "A number the user may present; repeatable");
    add(*user, "list", "List the users", [this] { return user_list(common_); });
    add(*user, "show", "Show one user", [this] { return user_show(common_, user_.name); })
        ->add_option("name", user_.name)
        ->required();
    add(*user, "remove", "Remove a user that was added with `user add`",
        [this] { return user_remove(common_, user_.name); })
        ->add_option("name", user_.name)
        ->required();

    add(*user, "import", "Add the users of a CSV file, all or none",
        [this] { return user_import(common_, file_); })
        ->add_option("file", file_)
        ->required();
    add(*user, "export", "Print the users as CSV", [this] { return user_export(common_); });

    CLI::App* token = app_.add_subcommand("token", "Access tokens of users");
    token->require_subcommand(1);
    CLI::App* issue = add(*token, "issue", "Issue a token for a user's apps",
                          [this] { return token_issue(common_, token_); });
    issue->add_option("--user", token_.user, "Name or identity (8:acs:...)")->required();
    issue->add_option("--scope", token_.scopes,
                      "voip, voip.join, chat, chat.join or chat.join.limited; repeatable");
    issue->add_option("--lifetime", token_.lifetime_minutes, "Minutes, 60 to 1440")
        ->check(CLI::Range(60, 1440));
    add(*token, "revoke", "Make every token of a user worthless",
        [this] { return token_revoke(common_, token_.user); })
        ->add_option("--user", token_.user, "Name or identity")
        ->required();

    add(*token, "rotate-key", "Sign with a new key from now on",
        [this] { return token_rotate_key(common_); });

    CLI::App* number = app_.add_subcommand("number", "Owned numbers");
    number->require_subcommand(1);
    add(*number, "list", "List the owned numbers", [this] { return number_list(common_); });
  }

  void add_control() {
    for (const char* what : {"status", "calls", "phones", "trunks", "bans"}) {
      add(app_, what, std::string("Ask the running daemon: ") + what,
          [this, what] { return show(common_, what); });
    }
    add(app_, "unban", "Hear a banned SIP source again",
        [this] { return unban(common_, address_); })
        ->add_option("address", address_, "As `bans` shows it")
        ->required();
    add(app_, "hangup", "End a call", [this] { return hang_up(common_, call_); })
        ->add_option("call", call_, "The call's id, as `calls` shows it")
        ->required();
    CLI::App* join_command = add(app_, "join", "Make one call of two: everybody hears everybody",
                                 [this] { return cli::join(common_, call_, other_call_); });
    join_command->add_option("call", call_, "The call that goes on")->required();
    join_command->add_option("other", other_call_, "The call whose parties come into it")
        ->required();
    CLI::App* transfer_command =
        add(app_, "transfer", "Give the called party's place in a call to somebody else",
            [this] { return cli::transfer(common_, call_, transfer_to_); });
    transfer_command->add_option("call", call_, "The call's id, as `calls` shows it")->required();
    transfer_command
        ->add_option("to", transfer_to_,
                     "user:NAME, phone:NAME, a number, or in the cloud an identity (8:acs:...)")
        ->required();
    add(app_, "reload", "Load the configuration again; a bad one leaves the old in force",
        [this] { return reload(common_); });
    add(app_, "drain", "Take no new calls and stop when the last one has ended",
        [this] { return drain(common_); });
  }

  CLI::App app_;
  std::function<int()> chosen_ = [] { return static_cast<int>(kBadUsage); };
  Common common_;
  std::string log_level_ = "info";
  RouteQuery route_;
  NewUser user_;
  TokenRequest token_;
  std::string call_, other_call_, transfer_to_;
  std::string file_, address_;
};

}  // namespace

int main(int argc, char** argv) {
  return CommandLine().run(argc, argv);
}

}  // namespace gw::cli
