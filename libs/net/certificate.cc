#include "libs/net/certificate.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/openssl_handles.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"

namespace gannet::net {
namespace {

constexpr size_t kMaxPemBytes = 1u << 20;

using Certificate = base::OpensslCertificate;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.empty()) {
    return absl::InvalidArgumentError(
        base::Concat({path, " cannot be read; check the path and its rights"}));
  }
  if (text.size() > kMaxPemBytes)
    return absl::InvalidArgumentError(base::Concat({path, " is too large to be PEM"}));
  return text;
}

// All certificates of the file are read; the first is given back.
absl::StatusOr<Certificate> ReadChain(const std::string& path, const std::string& text) {
  const base::OpensslBio bio = base::OpensslReader(text);
  Certificate first;
  while (Certificate one = base::ReadCertificatePem(bio.get())) {
    if (first == nullptr) first = std::move(one);
  }
  // The text ends with "no more"; anything else is damage in the middle of it.
  const bool whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (first != nullptr && whole) return first;
  return absl::InvalidArgumentError(
      base::Concat({path, " is no PEM certificate chain; write it whole, then rename it here"}));
}

}  // namespace

absl::StatusOr<CertificateText> ReadCertificate(const CertificateFiles& files,
                                                std::optional<base::Time> now) {
  CertificateText text;
  GANNET_ASSIGN_OR_RETURN(text.certificate, ReadPem(files.certificate));
  GANNET_ASSIGN_OR_RETURN(text.key, ReadPem(files.key));
  GANNET_ASSIGN_OR_RETURN(const int mode, base::PosixFiles().Mode(files.key));
  if ((mode & 077) != 0) {
    return absl::PermissionDeniedError(
        base::Concat({"others may read ", files.key, "; run chmod 600 ", files.key,
                      " and issue a new certificate if they may have"}));
  }
  GANNET_ASSIGN_OR_RETURN(const Certificate own, ReadChain(files.certificate, text.certificate));
  const base::OpensslKey key = base::ReadKeyPem(text.key);
  const bool fits = key != nullptr && X509_check_private_key(own.get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr)
    return absl::InvalidArgumentError(base::Concat(
        {files.key,
         " is no PEM key without passphrase; write it whole, and in clear (openssl pkey)"}));
  if (!fits) {
    return absl::InvalidArgumentError(base::Concat(
        {files.key, " is not the key of ", files.certificate, "; replace both together"}));
  }
  time_t seconds = now ? static_cast<time_t>(base::UnixMillis(*now) / 1000) : 0;
  if (now && (X509_cmp_time(X509_get0_notBefore(own.get()), &seconds) > 0 ||
              X509_cmp_time(X509_get0_notAfter(own.get()), &seconds) < 0)) {
    return absl::InvalidArgumentError(base::Concat(
        {files.certificate, " is not valid at this time; renew it, or set the clock right"}));
  }
  if (files.client_ca.empty()) return text;
  GANNET_ASSIGN_OR_RETURN(text.client_ca, ReadPem(files.client_ca));
  GANNET_RETURN_IF_ERROR(ReadChain(files.client_ca, text.client_ca).status());
  return text;
}

absl::Status CheckClientFiles(const CertificateFiles& files) {
  if (!files.certificate.empty()) return ReadCertificate(files).status();
  if (files.client_ca.empty()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const std::string text, ReadPem(files.client_ca));
  return ReadChain(files.client_ca, text).status();
}

CertificateWatch::CertificateWatch(base::Executor& executor, std::function<base::Time()> now,
                                   CertificateFiles files, Use use,
                                   std::function<void(const absl::Status&)> refused)
    : executor_(executor),
      now_(std::move(now)),
      files_(std::move(files)),
      use_(std::move(use)),
      refused_(std::move(refused)),
      seen_(MarksNow()),
      judged_(seen_) {
  Arm();
}

CertificateWatch::~CertificateWatch() { executor_.Cancel(timer_); }

CertificateWatch::Marks CertificateWatch::MarksNow() const {
  Marks marks{};
  size_t i = 0;
  for (const std::string* path : {&files_.certificate, &files_.key, &files_.client_ca}) {
    struct stat now {};
    if (!path->empty() && ::stat(path->c_str(), &now) == 0) {
      marks[i] = {static_cast<int64_t>(now.st_ino), static_cast<int64_t>(now.st_size),
                  now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
    }
    ++i;
  }
  return marks;
}

void CertificateWatch::Arm() {
  timer_ = executor_.After(kPause, [this] {
    Look();
    Arm();
  });
}

void CertificateWatch::Look() {
  const Marks marks = MarksNow();
  // Between the replacement of one file and that of the next they do not belong
  // together: they are judged once they have rested.
  const bool rested = std::exchange(seen_, marks) == marks;
  if (!rested || marks == judged_) return;
  judged_ = marks;
  const absl::StatusOr<CertificateText> text = ReadCertificate(files_, now_());
  health_ = text.ok() ? use_(*text) : text.status();
  ++(health_.ok() ? stats_.reloaded : stats_.refused);
  if (health_.ok()) return;
  health_ = absl::FailedPreconditionError(
      base::Concat({"the certificate on disk is not used, the one before is served on: ",
                    std::string(health_.message())}));
  refused_(health_);
}

}  // namespace gannet::net
