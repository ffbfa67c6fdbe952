#include "libs/net/test_certificate.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>

#include "libs/base/check.h"
#include "libs/base/openssl_handles.h"

namespace gannet::net {

namespace {

void AddExtension(X509* certificate, int id, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
  GANNET_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1,
               "certificate extension");
  X509_EXTENSION_free(extension);
}

template <class Write>
void WritePem(const std::string& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  GANNET_CHECK(file != nullptr && ::fchmod(::fileno(file), 0600) == 0 && write(file) == 1,
               "writing a PEM file");
  std::fclose(file);
}

}  // namespace

void WriteTestCertificate(const std::string& folder) {
  const base::OpensslKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const base::OpensslCertificate certificate(X509_new());
  X509* const x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 86400);
  X509_set_pubkey(x, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  AddExtension(x, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(x, NID_subject_alt_name, "DNS:localhost");
  GANNET_CHECK(X509_sign(x, key.get(), EVP_sha256()) > 0, "signing the certificate");
  WritePem(folder + "/certificate.pem", [x](std::FILE* file) { return PEM_write_X509(file, x); });
  WritePem(folder + "/key.pem", [&key](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace gannet::net
