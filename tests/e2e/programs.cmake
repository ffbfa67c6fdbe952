# Whole programs, as a person or an operator meets them. Each script takes the folder
# of binaries; 4: something it needs is not there, with the reason.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Each waits for what it needs as long as a slow machine takes; this ends one that hangs.
set(hang 1200)
# kill_test.py runs longer and with more seeds in tools/run-tests-long.
foreach(test
    alerting
    backup
    bad_state
    canary
    certificate
    crash
    distributed
    distributed_rpc
    gateways
    heartbeat
    hostile_requests
    kill
    lease
    limits
    lost_order
    openapi
    parents
    portfolio
    prometheus
    recorder
    redis
    refusal
    rpc
    run
    secrets
    services_rpc
    set_back
    shadow
    sigterm
    truth
    two_venues
    venue_check
    venues)
  add_test(NAME e2e_${test}
    COMMAND ${Python3_EXECUTABLE} -B tests/e2e/${test}_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(e2e_${test} PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4
    ENVIRONMENT "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp")
endforeach()
# Minutes each: `make test-long` runs them (ctest -C Long).
foreach(test chaos hostile_bus outage pitr trace)
  add_test(NAME e2e_${test}
    COMMAND ${Python3_EXECUTABLE} -B tests/e2e/${test}_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    CONFIGURATIONS Long
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(e2e_${test} PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4)
endforeach()
# The three that decide in one process, the others over Kafka.
add_test(NAME e2e_distributed_node
  COMMAND ${Python3_EXECUTABLE} -B tests/e2e/distributed_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    --node strategy,risk,execution --kills node
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(e2e_distributed_node PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4)

# Minutes: a Kafka, then none.
add_test(NAME e2e_truth_apart
  COMMAND ${Python3_EXECUTABLE} -B tests/e2e/truth_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --apart
  CONFIGURATIONS Long
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(e2e_truth_apart PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4)

add_test(NAME e2e_outage_node
  COMMAND ${Python3_EXECUTABLE} -B tests/e2e/outage_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} --node
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(e2e_outage_node PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4)

# A whole platform over Kafka is work for two processors: beside another of them both are slow.
set_tests_properties(e2e_distributed e2e_distributed_node e2e_distributed_rpc e2e_gateways e2e_heartbeat e2e_lease e2e_outage_node e2e_recorder
  e2e_set_back
  PROPERTIES PROCESSORS 2)
# Seconds: the longest begin first.
set_tests_properties(e2e_distributed PROPERTIES COST 160)
set_tests_properties(e2e_recorder PROPERTIES COST 100)
set_tests_properties(e2e_run e2e_bad_state e2e_kill e2e_hostile_requests PROPERTIES COST 80)

# The page in a real Chromium.
find_program(GANNET_NODE NAMES node nodejs)
if(GANNET_NODE)
  add_test(NAME e2e_page
    COMMAND ${GANNET_NODE} web/test/browser.mjs ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(e2e_page PROPERTIES LABELS e2e TIMEOUT ${hang} SKIP_RETURN_CODE 4 RUN_SERIAL TRUE)
endif()

# The pages that `make docs` makes say what the programs say.
add_test(NAME docs_check
  COMMAND tools/make-docs ${CMAKE_BINARY_DIR} --check WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(docs_check PROPERTIES LABELS tidy TIMEOUT 300)
