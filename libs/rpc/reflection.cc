#include "libs/rpc/reflection.h"

#include <grpcpp/support/status_code_enum.h>

#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace gannet::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

// A file with all that it imports, imports first.
void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
             ServerReflectionResponse& response) {
  if (!added.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, response);
  google::protobuf::FileDescriptorProto description;
  file.CopyTo(&description);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(
      description.SerializeAsString());
}

void Fail(grpc::StatusCode code, const std::string& what, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(what);
}

void AddFileOr(const FileDescriptor* file, const std::string& asked,
               ServerReflectionResponse& response) {
  if (file == nullptr)
    return Fail(grpc::StatusCode::NOT_FOUND, asked + " is not known here", response);
  std::set<const FileDescriptor*> added;
  AddFile(*file, added, response);
}

}  // namespace

bool Reflection::Serves(std::string_view method) {
  return method == "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" ||
         method == "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
}

std::string Reflection::Answer(std::string_view bytes) const {
  ServerReflectionRequest request;
  ServerReflectionResponse response;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    Fail(grpc::StatusCode::INVALID_ARGUMENT, "the request cannot be read", response);
    return response.SerializeAsString();
  }
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& service : services_)
        response.mutable_list_services_response()->add_service()->set_name(service);
      break;
    case ServerReflectionRequest::kFileByFilename:
      AddFileOr(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(),
                response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AddFileOr(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                request.file_containing_symbol(), response);
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      response.mutable_all_extension_numbers_response()->set_base_type_name(
          request.all_extension_numbers_of_type());
      break;
    default:
      Fail(grpc::StatusCode::UNIMPLEMENTED, "there are no extensions here", response);
  }
  return response.SerializeAsString();
}

}  // namespace gannet::rpc
