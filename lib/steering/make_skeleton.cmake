# SPDX-License-Identifier: MIT
# bpftool writes the skeleton to its standard output: kept only when it succeeded.
execute_process(
  COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name roll_steer
  OUTPUT_FILE ${SKELETON}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  file(REMOVE ${SKELETON})
  message(FATAL_ERROR "bpftool cannot generate the skeleton of ${OBJECT}")
endif()
