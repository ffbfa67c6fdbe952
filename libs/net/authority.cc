#include "libs/net/authority.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/openssl_handles.h"
#include "libs/base/status.h"

namespace gannet::net {
namespace {

using Certificate = base::OpensslCertificate;
using Key = base::OpensslKey;

// Before the moment of making, for clocks that are a little behind.
constexpr base::Duration kBackdated = std::chrono::minutes(5);
constexpr size_t kSerialBytes = 19;  // positive, and 20 with a leading zero at most

Certificate ReadX509(const std::string& text) {
  Certificate one = base::ReadCertificatePem(base::OpensslReader(text).get());
  ERR_clear_error();
  return one;
}

Key ReadKey(const std::string& text) {
  Key one = base::ReadKeyPem(text);
  ERR_clear_error();
  return one;
}

template <class Write>
std::string Pem(Write write) {
  const base::OpensslBio bio(BIO_new(BIO_s_mem()));
  GANNET_CHECK(bio != nullptr && write(bio.get()) == 1, "writing PEM into memory");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

bool IsAddress(const std::string& text) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

time_t Seconds(base::Time time) { return base::UnixNanos(time) / 1'000'000'000; }

base::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return base::FromUnixMillis(int64_t{::timegm(&parts)} * 1000);
}

void Extend(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  GANNET_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1,
               "an extension of a certificate");
  X509_EXTENSION_free(extension);
}

void Name(X509_NAME* name, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("gannet"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
}

// Without extensions, issuer and signature.
Certificate Begin(const std::string& common_name, EVP_PKEY* key, base::Time from,
                  base::Duration length) {
  Certificate made(X509_new());
  GANNET_CHECK(made != nullptr, "out of memory");
  X509* const x = made.get();
  X509_set_version(x, 2);
  std::string serial = base::RandomBytes(kSerialBytes);
  serial[0] = static_cast<char>((serial[0] & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()),
                             static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
  BN_free(number);
  ASN1_TIME_set(X509_getm_notBefore(x), Seconds(from - kBackdated));
  ASN1_TIME_set(X509_getm_notAfter(x), Seconds(from + length));
  X509_set_pubkey(x, key);
  Name(X509_get_subject_name(x), common_name);
  return made;
}

MadeCertificate Finish(const Certificate& made, const Key& key, EVP_PKEY* signer) {
  GANNET_CHECK(X509_sign(made.get(), signer, EVP_sha256()) > 0, "signing a certificate");
  return {Pem([&made](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); }),
          Pem([&key](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

absl::Status CheckCommonName(const std::string& name) {
  if (!name.empty() && name.size() <= 64 &&
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    return absl::OkStatus();
  return absl::InvalidArgumentError("a name of 1 to 64 printable characters is needed");
}

std::string CommonName(const X509_NAME* name) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof text);
  return text;
}

std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(names, i);
    const ASN1_STRING* text = one->type == GEN_DNS     ? one->d.dNSName
                              : one->type == GEN_IPADD ? one->d.iPAddress
                                                       : nullptr;
    if (text == nullptr) continue;
    const unsigned char* bytes = ASN1_STRING_get0_data(text);
    const int size = ASN1_STRING_length(text);
    if (one->type == GEN_DNS) {
      out.emplace_back(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    } else {
      char address[INET6_ADDRSTRLEN] = "";
      ::inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address);
      out.emplace_back(address);
    }
  }
  GENERAL_NAMES_free(names);
  return out;
}

}  // namespace

bool IsCertificateName(std::string_view text) {
  if (IsAddress(std::string(text))) return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (label == 0 || label > 63 || text[i - 1] == '-' || text[i - label] == '-') return false;
      label = 0;
      continue;
    }
    const char c = text[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
      return false;
    ++label;
  }
  return true;
}

absl::StatusOr<MadeCertificate> MakeAuthority(const std::string& common_name, base::Time from,
                                              base::Duration length) {
  GANNET_RETURN_IF_ERROR(CheckCommonName(common_name));
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  GANNET_CHECK(key != nullptr, "making a key");
  const Certificate made = Begin(common_name, key.get(), from, length);
  X509* const x = made.get();
  X509_set_issuer_name(x, X509_get_subject_name(x));
  Extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  Extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  Extend(x, x, NID_subject_key_identifier, "hash");
  return Finish(made, key, key.get());
}

absl::StatusOr<MadeCertificate> IssueCertificate(const MadeCertificate& authority,
                                                 const std::string& common_name,
                                                 const std::vector<std::string>& names,
                                                 base::Time from, base::Duration length) {
  GANNET_RETURN_IF_ERROR(CheckCommonName(common_name));
  const Certificate issuer = ReadX509(authority.certificate);
  const Key signer = ReadKey(authority.key);
  if (issuer == nullptr || signer == nullptr || X509_check_ca(issuer.get()) == 0 ||
      X509_check_private_key(issuer.get(), signer.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "this is no authority with its own key; make one with gannet certs init");
  }
  if (TimeOf(X509_get0_notAfter(issuer.get())) < from + length) {
    return absl::InvalidArgumentError(base::Concat(
        {"the authority ends on ",
         base::FormatTime(TimeOf(X509_get0_notAfter(issuer.get()))).substr(0, 10),
         ", before the certificate would; ask for fewer days, or make a new authority"}));
  }
  std::string alternatives;
  for (const std::string& name : names) {
    if (!IsCertificateName(name)) {
      return absl::InvalidArgumentError(base::Concat(
          {"'", name, "' is neither a DNS name nor an IP address; a certificate needs one"}));
    }
    if (!alternatives.empty()) alternatives += ",";
    alternatives += (IsAddress(name) ? "IP:" : "DNS:") + name;
  }
  if (alternatives.empty())
    return absl::InvalidArgumentError("a certificate needs a name by which it is reached");
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  GANNET_CHECK(key != nullptr, "making a key");
  const Certificate made = Begin(common_name, key.get(), from, length);
  X509* const x = made.get();
  X509_set_issuer_name(x, X509_get_subject_name(issuer.get()));
  Extend(x, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  Extend(x, issuer.get(), NID_key_usage, "critical,digitalSignature");
  Extend(x, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  Extend(x, issuer.get(), NID_subject_alt_name, alternatives);
  Extend(x, issuer.get(), NID_subject_key_identifier, "hash");
  Extend(x, issuer.get(), NID_authority_key_identifier, "keyid");
  return Finish(made, key, signer.get());
}

absl::StatusOr<CertificateFacts> ReadFacts(const std::string& certificate) {
  const Certificate one = ReadX509(certificate);
  if (one == nullptr) return absl::InvalidArgumentError("this is no certificate in PEM");
  CertificateFacts facts;
  facts.subject = CommonName(X509_get_subject_name(one.get()));
  facts.issuer = CommonName(X509_get_issuer_name(one.get()));
  facts.names = NamesOf(one.get());
  facts.from = TimeOf(X509_get0_notBefore(one.get()));
  facts.until = TimeOf(X509_get0_notAfter(one.get()));
  facts.authority = X509_check_ca(one.get()) != 0;
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(one.get()), nullptr);
  char* text = BN_bn2hex(number);
  facts.serial = text;
  OPENSSL_free(text);
  BN_free(number);
  return facts;
}

bool IsSignedBy(const std::string& certificate, const std::string& authority) {
  const Certificate one = ReadX509(certificate), by = ReadX509(authority);
  if (one == nullptr || by == nullptr) return false;
  const bool is = X509_verify(one.get(), X509_get0_pubkey(by.get())) == 1;
  ERR_clear_error();
  return is;
}

}  // namespace gannet::net
