# SPDX-License-Identifier: MIT
# The instructions of OBJECT's SECTION as numbers, for #include within an array.
# An instruction that names something that only a loader knows (a relocation) would be run as it stands.
execute_process(COMMAND ${READELF} --relocs --wide ${OBJECT} OUTPUT_VARIABLE relocations COMMAND_ERROR_IS_FATAL ANY)
if(relocations MATCHES "'\\.rel${SECTION}'")
  message(FATAL_ERROR "${OBJECT} has relocations, which nobody resolves:\n${relocations}")
endif()
execute_process(
  COMMAND ${OBJCOPY} -I ${FORMAT} -O binary --only-section=${SECTION} ${OBJECT} ${OBJECT}.bin
  COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OBJECT}.bin bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${EMBEDDED} "${bytes}\n")
