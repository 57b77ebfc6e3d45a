#include "acs/identity/user_directory.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace gw::acs::identity {
namespace {}  // namespace

void UserDirectory::replace(std::vector<DirectoryUser> users) {
  users_ = std::move(users);
  identities_.clear();
  emails_.clear();
  names_.clear();
  for (size_t i = 0; i < users_.size(); ++i) {
    identities_.emplace(users_[i].identity, i);
    names_.emplace(users_[i].name, i);
    if (!users_[i].email.empty()) emails_.emplace(lower_case(users_[i].email), i);
  }
}

const DirectoryUser* UserDirectory::find(const Index& index, std::string_view key) const {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : &users_[found->second];
}

const DirectoryUser* UserDirectory::by_identity(std::string_view identity) const {
  return find(identities_, identity);
}

const DirectoryUser* UserDirectory::by_email(std::string_view email) const {
  return find(emails_, lower_case(email));
}

const DirectoryUser* UserDirectory::by_name(std::string_view name) const {
  return find(names_, name);
}

}  // namespace gw::acs::identity
