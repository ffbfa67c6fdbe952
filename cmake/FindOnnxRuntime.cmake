# ONNX Runtime as tools/fetch-onnxruntime lays it out: PREFIX/include, PREFIX/lib.
# PREFIX is build/onnxruntime, or GANNET_ONNXRUNTIME (environment or cache).
set(GANNET_ONNXRUNTIME "$ENV{GANNET_ONNXRUNTIME}" CACHE PATH "Prefix of ONNX Runtime")
find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h
  HINTS ${GANNET_ONNXRUNTIME}/include ${CMAKE_SOURCE_DIR}/build/onnxruntime/include /opt/gannet/onnxruntime/include)
find_library(OnnxRuntime_LIBRARY onnxruntime
  HINTS ${GANNET_ONNXRUNTIME}/lib ${CMAKE_SOURCE_DIR}/build/onnxruntime/lib /opt/gannet/onnxruntime/lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxRuntime
  REQUIRED_VARS OnnxRuntime_LIBRARY OnnxRuntime_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run `make setup`, which fetches it into build/onnxruntime")
if(OnnxRuntime_FOUND AND NOT TARGET OnnxRuntime::OnnxRuntime)
  add_library(OnnxRuntime::OnnxRuntime SHARED IMPORTED)
  set_target_properties(OnnxRuntime::OnnxRuntime PROPERTIES
    IMPORTED_LOCATION ${OnnxRuntime_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OnnxRuntime_INCLUDE_DIR}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${OnnxRuntime_INCLUDE_DIR})
endif()
