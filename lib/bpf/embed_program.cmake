# SPDX-License-Identifier: MIT
# Writes the instructions of OBJECT's SECTION as numbers, for #include within an array.
# rollctl resolves no relocations: an instruction with one would run with a wrong operand.
execute_process(COMMAND ${READELF} --relocs --wide ${OBJECT} OUTPUT_VARIABLE relocations COMMAND_ERROR_IS_FATAL ANY)
if(relocations MATCHES "'\\.rel${SECTION}'")
  message(FATAL_ERROR "${OBJECT} has relocations, which rollctl does not resolve:\n${relocations}")
endif()
execute_process(
  COMMAND ${OBJCOPY} -I ${FORMAT} -O binary --only-section=${SECTION} ${OBJECT} ${OBJECT}.bin
  COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OBJECT}.bin bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${EMBEDDED} "${bytes}\n")
