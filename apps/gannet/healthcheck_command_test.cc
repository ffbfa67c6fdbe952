#include "apps/gannet/healthcheck_command.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::app {
namespace {

// A process with nothing but the health service of gRPC, on its socket and on TCP.
struct Process {
  Process() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + dir.path() + "/gannet.sock",
                             grpc::InsecureServerCredentials());
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&nothing);  // a server without any is refused
    server = builder.BuildAndStart();
    server->GetHealthCheckService()->SetServingStatus("gannet.risk.v1.RiskService", true);
  }
  ~Process() { server->Shutdown(std::chrono::system_clock::now()); }
  int Check(HealthcheckOptions options = {}) {
    if (options.address.empty() && options.data_dir.empty()) options.data_dir = dir.path();
    // Unless the test says how long: a busy machine is not silent.
    if (options.timeout == HealthcheckOptions().timeout) options.timeout = std::chrono::minutes(1);
    return CheckHealth(options, {files, out, err});
  }

  base::TempDirForTest dir;
  base::PosixFiles files;
  std::ostringstream out, err;
  int port = 0;
  grpc::CallbackGenericService nothing;
  std::unique_ptr<grpc::Server> server;
};

}  // namespace

TEST_CASE("gannet healthcheck tells serving from not serving by its exit code") {
  Process process;
  CHECK(process.Check() == kHealthServing);
  CHECK(process.Check({.address = "127.0.0.1:" + std::to_string(process.port)}) == kHealthServing);
  CHECK(process.Check({.service = "gannet.risk.v1.RiskService"}) == kHealthServing);
  CHECK(process.Check({.service = "gannet.absent.v1.Service"}) == kHealthNotServing);

  process.server->GetHealthCheckService()->SetServingStatus(false);
  CHECK(process.Check() == kHealthNotServing);
  CHECK(process.Check({.service = "gannet.risk.v1.RiskService"}) == kHealthNotServing);
  CHECK(process.Check({.alive = true}) == kHealthServing);  // it drains, and must not be killed
}

TEST_CASE("gannet healthcheck says when nothing answers") {
  Process process;
  CHECK(process.Check({.data_dir = process.dir.path() + "/absent"}) == kHealthUnreachable);
  CHECK(process.Check({.data_dir = process.dir.path() + "/absent", .alive = true}) ==
        kHealthUnreachable);
  const std::string address = "127.0.0.1:" + std::to_string(process.port);
  process.server->Shutdown(std::chrono::system_clock::now());
  CHECK(process.Check({.address = address, .timeout = std::chrono::milliseconds(500)}) ==
        kHealthUnreachable);
  CHECK(process.Check({.address = address, .ca_file = process.dir.path() + "/absent.pem"}) ==
        kControlUsage);
}

}  // namespace gannet::app
