// OpenSSL's objects, freed by their own functions. Heavy: for .cc files only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace gannet::base {

template <auto free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using OpensslBio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using OpensslCertificate = std::unique_ptr<X509, OpensslFree<X509_free>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using OpensslDigest = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

// Reads `text`, which has to outlive it.
inline OpensslBio OpensslReader(std::string_view text) {
  return OpensslBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// PEM under a passphrase is not read: OpenSSL itself would ask the terminal for it, and a
// service would wait there for ever.
inline int NoPassphrase(char*, int, int, void*) { return -1; }

// The next certificate; null: there is none, or it is damaged.
inline OpensslCertificate ReadCertificatePem(BIO* from) {
  return OpensslCertificate(PEM_read_bio_X509(from, nullptr, NoPassphrase, nullptr));
}
inline OpensslKey ReadKeyPem(std::string_view text) {
  return OpensslKey(
      PEM_read_bio_PrivateKey(OpensslReader(text).get(), nullptr, NoPassphrase, nullptr));
}

}  // namespace gannet::base
