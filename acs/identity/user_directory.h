#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gw::acs::identity {

// A user of the operator's: who they are to apps and to phones.
struct DirectoryUser {
  std::string name;      // "alice"
  std::string email;     // May be empty.
  std::string identity;  // "8:acs:..."
  std::string display_name;
  std::string extension;
  std::vector<std::string> numbers;     // E.164
  std::vector<std::string> caller_ids;  // Numbers that the user may present.
};

// The operator's users, found by what an app or a phone knows of them. Lives on the Asio thread;
// App replaces what is in it when the configuration changes.
class UserDirectory {
 public:
  void replace(std::vector<DirectoryUser> users);

  // The pointers live until the next replace().
  const DirectoryUser* by_identity(std::string_view identity) const;
  const DirectoryUser* by_email(std::string_view email) const;  // Any letter case.
  const DirectoryUser* by_name(std::string_view name) const;

 private:
  using Index = std::map<std::string, size_t, std::less<>>;
  const DirectoryUser* find(const Index& index, std::string_view key) const;

  std::vector<DirectoryUser> users_;
  Index identities_, emails_, names_;
};

}  // namespace gw::acs::identity
