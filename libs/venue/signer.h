// Signs requests with the key of an account: HMAC-SHA-256 with a secret, or a
// private key in PEM: Ed25519 (RFC 8032), or RSA (PKCS #1 v1.5 over SHA-256).
// Which of them a venue takes: docs/venues.md.
//
// Holds key material. Signing is const, pure and may be called from several threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/hmac_key.h"

namespace gannet::venue {

enum class SignatureKind : uint8_t { kHmacSha256 = 1, kEd25519, kRsaSha256 };

class Signer {
 public:
  static Signer Hmac(std::string_view secret);
  // PKCS #8 or traditional PEM without passphrase. INVALID_ARGUMENT: no such key,
  // or one of another kind.
  static absl::StatusOr<Signer> FromPem(std::string_view pem);
  // `text` is a PEM when it begins like one, otherwise an HMAC secret.
  static absl::StatusOr<Signer> FromKeyText(std::string_view text);

  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  SignatureKind kind() const;
  // HMAC: 64 lower-case hex digits. Otherwise base64, which a query must
  // percent-encode.
  std::string Sign(std::string_view message) const;
  // The same behind what `out` holds, percent-encoded where needed.
  void AppendToQuery(std::string& out, std::string_view message) const;

 private:
  struct Impl;
  explicit Signer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gannet::venue
