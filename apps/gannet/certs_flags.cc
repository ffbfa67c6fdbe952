#include "apps/gannet/certs_flags.h"

#include <CLI/CLI.hpp>

namespace gannet::app {

void AddCerts(CLI::App& app, CertsOptions& options, base::Files& files, const base::Clock& clock,
              std::ostream& out, std::function<void(const absl::Status&)> done) {
  using Run =
      absl::Status (*)(const CertsOptions&, base::Files&, const base::Clock&, std::ostream&);
  CLI::App* certs = app.add_subcommand(
      "certs", "An authority of one's own, and the certificates of services that it signs");
  certs->require_subcommand(1);
  const auto add = [&, done](const char* name, const char* help, Run run) {
    CLI::App* command = certs->add_subcommand(name, help);
    command->add_option("DIR", options.dir, "Folder of the authority")->required();
    command->callback(
        [&options, &files, &clock, &out, done, run] { done(run(options, files, clock, out)); });
    return command;
  };
  const auto days = [&options](CLI::App* command) {
    command->add_option("--days", options.days, "How long a certificate is good")
        ->check(CLI::Range(1, 825))
        ->capture_default_str();
  };
  CLI::App* init = add("init", "Make an authority: DIR/ca.crt, DIR/ca.key", MakeCerts);
  init->add_option("--name", options.authority, "Its name")->capture_default_str();
  init->add_option("--days", options.authority_days, "How long it is good")
      ->check(CLI::Range(1, 7300))
      ->capture_default_str();
  CLI::App* issue =
      add("issue", "Make certificates: DIR/NAME/tls.crt, tls.key, ca.crt", IssueCerts);
  issue->add_option("NAME", options.services, "Services: each a folder and a name")->required();
  issue->add_option("--san", options.names,
                    "Further names and addresses, beside NAME, localhost and loopback");
  days(issue);
  CLI::App* renew = add("renew", "New certificates and keys under the old names", RenewCerts);
  renew->add_option("NAME", options.services, "Only these");
  renew->add_option("--within", options.within_days, "Those that end in so many days; 0: all")
      ->check(CLI::Range(0, 825))
      ->capture_default_str();
  days(renew);
  add("show", "Names and ends; fails when one has ended or is of another authority", ShowCerts);
  certs->footer(
      "Keys are readable by their owner only, and nothing is overwritten but by renew. Running\n"
      "programs take a renewed certificate by themselves. For development, or a desk without an\n"
      "authority: whoever has ca.key can be anybody.\n\n"
      "  gannet certs init certs\n"
      "  gannet certs issue certs risk gateway --san '*.trading.svc'\n"
      "  kubectl create secret generic gannet-tls --from-file=certs/risk");
}

}  // namespace gannet::app
