# The page: TypeScript under web/ bundled by esbuild and embedded in the gateway.
# Needs Node.js and web/node_modules (tools/setup: `npm ci`). Without them the
# platform is built without its page and says so, here and under its address.  Sets GANNET_PAGE_SOURCE.
find_program(GANNET_NODE NAMES node nodejs)
if(GANNET_NODE AND EXISTS ${CMAKE_SOURCE_DIR}/web/node_modules/esbuild/package.json)
  file(GLOB_RECURSE GANNET_PAGE_INPUTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*)
  set(GANNET_PAGE_SOURCE ${CMAKE_BINARY_DIR}/page/assets.cc)
  add_custom_command(
    OUTPUT ${GANNET_PAGE_SOURCE}
    COMMAND ${GANNET_NODE} web/build.mjs ${CMAKE_BINARY_DIR}/page
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    DEPENDS ${GANNET_PAGE_INPUTS} ${CMAKE_SOURCE_DIR}/web/build.mjs ${CMAKE_SOURCE_DIR}/web/package-lock.json
            ${CMAKE_SOURCE_DIR}/web/tsconfig.json
    COMMENT "Bundling the page")
else()
  message(STATUS "The page is left out: Node.js or web/node_modules is missing; run tools/setup")
endif()
