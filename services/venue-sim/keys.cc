#include "services/venue-sim/keys.h"

#include <algorithm>

#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::venue_sim {
namespace {

constexpr size_t kKeyLength = 64;  // as the venue's own
constexpr int kOwnerOnly = 0600;

std::string FileName(const std::string& dir, const char* name, AccountIndex account) {
  return dir + "/" + name + (account == 0 ? "" : "-" + std::to_string(account + 1));
}

bool IsKeyChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters and digits, each equally likely.
std::string RandomKey() {
  std::string key;
  while (key.size() < kKeyLength) {
    for (const char c : base::RandomBytes(kKeyLength)) {
      if (IsKeyChar(c) && key.size() < kKeyLength) key += c;
    }
  }
  return key;
}

absl::StatusOr<std::string> LoadOrCreate(base::Files& files, const std::string& path) {
  if (!files.Exists(path)) {
    const std::string key = RandomKey();
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(path, key + "\n", kOwnerOnly));
    return key;
  }
  GANNET_ASSIGN_OR_RETURN(std::string key, files.Read(path));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' '))
    key.pop_back();
  if (key.size() != kKeyLength || !std::all_of(key.begin(), key.end(), IsKeyChar)) {
    return absl::DataLossError(path +
                               " does not hold a key of 64 letters and digits: delete it and the "
                               "file beside it to get new ones");
  }
  return key;
}

}  // namespace

std::string ApiKeyFile(const std::string& dir, AccountIndex account) {
  return FileName(dir, "api-key", account);
}
std::string ApiSecretFile(const std::string& dir, AccountIndex account) {
  return FileName(dir, "api-secret", account);
}

absl::StatusOr<std::vector<ApiKey>> LoadOrCreateKeys(base::Files& files, const std::string& dir,
                                                     size_t accounts) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(dir));
  std::vector<ApiKey> keys;
  for (AccountIndex account = 0; account < accounts; ++account) {
    ApiKey key;
    key.account = account;
    GANNET_ASSIGN_OR_RETURN(key.key, LoadOrCreate(files, ApiKeyFile(dir, account)));
    GANNET_ASSIGN_OR_RETURN(key.secret, LoadOrCreate(files, ApiSecretFile(dir, account)));
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace gannet::venue_sim
