#include "apps/gannet/certs_command.h"

#include <algorithm>
#include <iomanip>
#include <ostream>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/net/authority.h"

namespace gannet::app {
namespace {

constexpr int kOwnerOnly = 0600, kPublic = 0644;
constexpr base::Duration kDay = std::chrono::hours(24);

std::string Path(const CertsOptions& options, const std::string& name) {
  return base::Concat({options.dir, "/", name});
}

std::string Day(base::Time time) { return base::FormatTime(time).substr(0, 10); }

bool IsFolderName(const std::string& name) {
  return !name.empty() && name.size() <= 63 && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

absl::StatusOr<net::MadeCertificate> Authority(const CertsOptions& options, base::Files& files) {
  net::MadeCertificate authority;
  auto certificate = files.Read(Path(options, "ca.crt"));
  auto key = files.Read(Path(options, "ca.key"));
  if (!certificate.ok() || !key.ok()) {
    return absl::FailedPreconditionError(base::Concat(
        {options.dir, " has no ca.crt with ca.key; make them with gannet certs init"}));
  }
  authority.certificate = *std::move(certificate);
  authority.key = *std::move(key);
  return authority;
}

// The key first: what watches the pair takes neither until both fit.
absl::Status Write(const CertsOptions& options, base::Files& files, const std::string& service,
                   const net::MadeCertificate& made, const std::string& authority) {
  const std::string folder = Path(options, service);
  GANNET_RETURN_IF_ERROR(files.MakeDirs(folder));
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(folder + "/tls.key", made.key, kOwnerOnly));
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(folder + "/tls.crt", made.certificate, kPublic));
  return files.WriteAtomically(folder + "/ca.crt", authority, kPublic);
}

absl::StatusOr<std::vector<std::string>> Services(const CertsOptions& options, base::Files& files) {
  if (!options.services.empty()) return options.services;
  GANNET_ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(options.dir));
  std::erase_if(names, [&](const std::string& name) {
    return !files.Exists(Path(options, name) + "/tls.crt");
  });
  return names;
}

absl::StatusOr<net::CertificateFacts> FactsOf(const CertsOptions& options, base::Files& files,
                                              const std::string& service) {
  const std::string path = Path(options, service) + "/tls.crt";
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  auto facts = net::ReadFacts(text);
  if (!facts.ok()) return base::Annotate(facts.status(), path);
  return facts;
}

}  // namespace

absl::Status MakeCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                       std::ostream& out) {
  for (const char* name : {"ca.crt", "ca.key"}) {
    if (files.Exists(Path(options, name))) {
      return absl::AlreadyExistsError(base::Concat(
          {Path(options, name),
           " is there; what it has signed would be worth nothing without it. Choose another "
           "folder, or move it away yourself"}));
    }
  }
  GANNET_ASSIGN_OR_RETURN(
      const net::MadeCertificate made,
      net::MakeAuthority(options.authority, clock.Now(), options.authority_days * kDay));
  GANNET_RETURN_IF_ERROR(files.MakeDirs(options.dir));
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(Path(options, "ca.key"), made.key, kOwnerOnly));
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(Path(options, "ca.crt"), made.certificate, kPublic));
  out << "authority " << options.authority << " in " << options.dir << ", good until "
      << Day(clock.Now() + options.authority_days * kDay)
      << "; whoever has ca.key can be anybody here: keep it offline\n";
  return absl::OkStatus();
}

absl::Status IssueCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                        std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const net::MadeCertificate authority, Authority(options, files));
  for (const std::string& service : options.services) {
    if (!IsFolderName(service)) {
      return absl::InvalidArgumentError(
          base::Concat({"'", service, "' names no folder; take a-z, 0-9 and -, at most 63"}));
    }
    for (const char* name : {"/tls.crt", "/tls.key"}) {
      if (files.Exists(Path(options, service) + name)) {
        return absl::AlreadyExistsError(base::Concat(
            {Path(options, service), name, " is there; gannet certs renew replaces it"}));
      }
    }
  }
  for (const std::string& service : options.services) {
    std::vector<std::string> names = {service, "localhost", "127.0.0.1", "::1"};
    for (const std::string& name : options.names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    GANNET_ASSIGN_OR_RETURN(
        const net::MadeCertificate made,
        net::IssueCertificate(authority, service, names, clock.Now(), options.days * kDay));
    GANNET_RETURN_IF_ERROR(Write(options, files, service, made, authority.certificate));
    out << Path(options, service) << ": good until " << Day(clock.Now() + options.days * kDay)
        << "\n";
  }
  return absl::OkStatus();
}

absl::Status RenewCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                        std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const net::MadeCertificate authority, Authority(options, files));
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> services, Services(options, files));
  for (const std::string& service : services) {
    GANNET_ASSIGN_OR_RETURN(const net::CertificateFacts old, FactsOf(options, files, service));
    if (options.within_days > 0 && old.until > clock.Now() + options.within_days * kDay) {
      out << Path(options, service) << ": kept, good until " << Day(old.until) << "\n";
      continue;
    }
    GANNET_ASSIGN_OR_RETURN(
        const net::MadeCertificate made,
        net::IssueCertificate(authority, old.subject, old.names, clock.Now(), options.days * kDay));
    GANNET_RETURN_IF_ERROR(Write(options, files, service, made, authority.certificate));
    out << Path(options, service) << ": new, good until " << Day(clock.Now() + options.days * kDay)
        << "\n";
  }
  return absl::OkStatus();
}

absl::Status ShowCerts(const CertsOptions& options, base::Files& files, const base::Clock& clock,
                       std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::string authority, files.Read(Path(options, "ca.crt")));
  GANNET_ASSIGN_OR_RETURN(const net::CertificateFacts root, net::ReadFacts(authority));
  out << std::left << std::setw(16) << "authority" << Day(root.until) << "  " << root.subject
      << "\n";
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> services, Services(options, files));
  bool bad = root.until < clock.Now();
  for (const std::string& service : services) {
    GANNET_ASSIGN_OR_RETURN(const net::CertificateFacts facts, FactsOf(options, files, service));
    GANNET_ASSIGN_OR_RETURN(const std::string text,
                            files.Read(Path(options, service) + "/tls.crt"));
    out << std::setw(16) << service << Day(facts.until) << "  ";
    for (size_t i = 0; i < facts.names.size(); ++i) out << (i > 0 ? ", " : "") << facts.names[i];
    if (facts.until < clock.Now()) {
      out << "  HAS ENDED";
      bad = true;
    }
    if (!net::IsSignedBy(text, authority)) {
      out << "  OF ANOTHER AUTHORITY";
      bad = true;
    }
    out << "\n";
  }
  if (!bad) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "not all of them are good; gannet certs renew makes new ones");
}

}  // namespace gannet::app
