// Secrets live in files of their own that only their owner can read; configuration
// names the file. They appear nowhere else: not in logs, errors or journals.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"

namespace gannet::config {

inline constexpr size_t kMaxSecretBytes = 1024;
inline constexpr size_t kMaxKeyBytes = 16u << 10;  // a private key in PEM

// The one line of printable characters, without blanks, that the file holds.
// PERMISSION_DENIED: others may read it. INVALID_ARGUMENT: it holds something else, or a
// secret that is short or well known (libs/base/weak_secret.h).
// `setting` names the key of the configuration that names the file.
absl::StatusOr<std::string> ReadSecret(base::Files& files, const std::string& path,
                                       std::string_view setting);

// What signs requests: a secret as above, or a private key in PEM, whole; whether that key can
// sign is for the signer to say (libs/venue/signer.h).
absl::StatusOr<std::string> ReadSigningKey(base::Files& files, const std::string& path,
                                           std::string_view setting);

}  // namespace gannet::config
