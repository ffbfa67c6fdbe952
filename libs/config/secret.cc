#include "libs/config/secret.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/base/weak_secret.h"

namespace gannet::config {

absl::StatusOr<std::string> ReadSecret(base::Files& files, const std::string& path,
                                       std::string_view setting) {
  GANNET_ASSIGN_OR_RETURN(const int mode, files.Mode(path));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(
        base::Concat({"others may read ", path, "; run chmod 600 ", path,
                      " and make a new secret if they may have"}));
  }
  GANNET_ASSIGN_OR_RETURN(std::string text, files.ReadRange(path, 0, kMaxSecretBytes));
  absl::StripAsciiWhitespace(&text);
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
  return text;
}

}  // namespace gannet::config
