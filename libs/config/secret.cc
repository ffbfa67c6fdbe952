#include "libs/config/secret.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/base/weak_secret.h"

namespace gannet::config {
namespace {

// Without the blanks around it. PERMISSION_DENIED: others may read it.
absl::StatusOr<std::string> ReadPrivate(base::Files& files, const std::string& path,
                                        size_t max_bytes) {
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(
        base::Concat({"others may read ", path, "; run chmod 600 ", path,
                      " and make a new secret if they may have"}));
  }
  GANNET_ASSIGN_OR_RETURN(std::string text, files.ReadRange(path, 0, max_bytes));
  absl::StripAsciiWhitespace(&text);
  return text;
}

absl::Status CheckSecret(std::string_view text, const std::string& path, std::string_view setting) {
  const bool plain = !text.empty() && text.size() < kMaxSecretBytes &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return absl::ascii_isgraph(static_cast<unsigned char>(c));
                     });
  if (!plain) {
    return absl::InvalidArgumentError(base::Concat(
        {path, " holds no secret: one line of printable characters is expected; see ", setting}));
  }
  if (const std::string_view why = base::WhyWeak(text); !why.empty())
    return absl::InvalidArgumentError(base::Concat({setting, ": what ", path, " holds ", why}));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecret(base::Files& files, const std::string& path,
                                       std::string_view setting) {
  GANNET_ASSIGN_OR_RETURN(std::string text, ReadPrivate(files, path, kMaxSecretBytes));
  GANNET_RETURN_IF_ERROR(CheckSecret(text, path, setting));
  return text;
}

absl::StatusOr<std::string> ReadSigningKey(base::Files& files, const std::string& path,
                                           std::string_view setting) {
  GANNET_ASSIGN_OR_RETURN(std::string text, ReadPrivate(files, path, kMaxKeyBytes));
  if (!text.starts_with("-----BEGIN")) GANNET_RETURN_IF_ERROR(CheckSecret(text, path, setting));
  return text;
}

}  // namespace gannet::config
