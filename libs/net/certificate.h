// The certificate of a server, and its replacement while the server runs: files that
// were replaced are read again, checked, and handed to whoever serves, for connections
// that come from then on. What cannot be used never replaces what is in use.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/executor.h"
#include "libs/base/time.h"

namespace gannet::net {

struct CertificateFiles {
  std::string certificate, key;  // PEM: the chain, its own certificate first; its key
  std::string client_ca;         // PEM; empty: clients show no certificate
};

// What was in them.
struct CertificateText {
  std::string certificate, key, client_ca;
};

// INVALID_ARGUMENT names the file: it cannot be read or is no PEM, the key is that of
// another certificate, or (`now` given) the certificate is not valid then.
absl::StatusOr<CertificateText> ReadCertificate(const CertificateFiles& files,
                                                std::optional<base::Time> now = std::nullopt);

// What a client would show and the authority that it trusts (`client_ca`), each of them only if
// it is named. INVALID_ARGUMENT as above.
absl::Status CheckClientFiles(const CertificateFiles& files);

// A server that can change its certificate for connections that come from now on.
class CertificateUser {
 public:
  virtual ~CertificateUser() = default;
  virtual absl::Status UseCertificate(const CertificateText& text) = 0;
};

// Looks at the files every kPause. On the executor's thread.
class CertificateWatch {
 public:
  static constexpr base::Duration kPause = std::chrono::seconds(1);
  // Takes a certificate into use; what it refuses is reported like a broken file.
  using Use = std::function<absl::Status(const CertificateText& text)>;

  // The files as they are now are in use. `refused` hears why others are not taken,
  // once for each replacement.
  CertificateWatch(base::Executor& executor, std::function<base::Time()> now,
                   CertificateFiles files, Use use,
                   std::function<void(const absl::Status&)> refused);
  ~CertificateWatch();
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;

  // Not OK: what is on disk cannot be used; what was read before is served on.
  const absl::Status& health() const { return health_; }
  struct Stats {
    uint64_t reloaded = 0, refused = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  // Tells a replaced file from the one before, without reading it.
  using Mark = std::array<int64_t, 4>;
  using Marks = std::array<Mark, 3>;
  Marks MarksNow() const;
  void Arm();
  void Look();

  base::Executor& executor_;
  const std::function<base::Time()> now_;
  const CertificateFiles files_;
  const Use use_;
  const std::function<void(const absl::Status&)> refused_;
  base::TimerId timer_ = base::TimerId::kNone;
  Marks seen_;    // at the last look
  Marks judged_;  // of what is in use, or was refused
  absl::Status health_;
  Stats stats_;
};

}  // namespace gannet::net
