#include "libs/venue/signer.h"

#include <optional>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/openssl_handles.h"
#include "libs/base/percent.h"
#include "libs/venue/parameters.h"

namespace gannet::venue {
namespace {

void AppendHex(std::string& out, const base::Sha256Digest& digest) {
  char text[64];
  for (size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  out.append(text, sizeof text);
}

std::string Base64(const std::vector<unsigned char>& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

}  // namespace

struct Signer::Impl {
  std::optional<base::HmacSha256Key> hmac;
  base::OpensslKey key;
  SignatureKind kind = SignatureKind::kHmacSha256;
};

Signer::Signer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Signer Signer::Hmac(std::string_view secret) {
  auto impl = std::make_unique<Impl>();
  impl->hmac.emplace(secret);
  return Signer(std::move(impl));
}

absl::StatusOr<Signer> Signer::FromPem(std::string_view pem) {
  auto impl = std::make_unique<Impl>();
  impl->key = base::ReadKeyPem(pem);
  if (impl->key == nullptr) {
    return absl::InvalidArgumentError(
        "the key is no private key in PEM without passphrase; export it as PKCS #8");
  }
  switch (EVP_PKEY_base_id(impl->key.get())) {
    case EVP_PKEY_ED25519:
      impl->kind = SignatureKind::kEd25519;
      break;
    case EVP_PKEY_RSA:
      impl->kind = SignatureKind::kRsaSha256;
      break;
    default:
      return absl::InvalidArgumentError("the key is neither Ed25519 nor RSA; make one of these");
  }
  return Signer(std::move(impl));
}

absl::StatusOr<Signer> Signer::FromKeyText(std::string_view text) {
  if (text.starts_with("-----BEGIN")) return FromPem(text);
  return Hmac(text);
}

SignatureKind Signer::kind() const { return impl_->kind; }

std::string Signer::Sign(std::string_view message) const {
  std::string out;
  if (impl_->hmac) {
    AppendHex(out, impl_->hmac->Sign(message));
    return out;
  }
  const base::OpensslDigest context(EVP_MD_CTX_new());
  const EVP_MD* digest = impl_->kind == SignatureKind::kRsaSha256 ? EVP_sha256() : nullptr;
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  size_t size = 0;
  const bool ready =
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, impl_->key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) == 1;
  GANNET_CHECK(ready, "a loaded key can sign");
  std::vector<unsigned char> signature(size);
  GANNET_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, bytes, message.size()) == 1,
               "a loaded key can sign");
  signature.resize(size);
  return Base64(signature);
}

void Signer::AppendToQuery(std::string& out, std::string_view message) const {
  if (impl_->hmac) {
    const base::Sha256Digest digest = impl_->hmac->Sign(message);  // before `out` may move
    AppendHex(out, digest);
  } else {
    const std::string signature = Sign(message);
    base::AppendPercentEncoded(out, signature);
  }
}

}  // namespace gannet::venue
