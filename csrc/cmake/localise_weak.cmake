# Merges OBJECTS into OUTPUT and makes their weak symbols local.
# See Note [One definition per instruction set] in isa.cmake.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Without section groups: the final link would drop a group whose name it has seen already, and with
# it code that only this variant's local symbols refer to.
run(${LINKER} -r --force-group-allocation -o ${OUTPUT} ${OBJECTS})

execute_process(COMMAND ${NM} --defined-only --extern-only --format=posix ${OUTPUT}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+ [WwVvu] [^\n]*" weak "${symbols}")
list(TRANSFORM weak REPLACE " .*" "")
list(JOIN weak "\n" weak)
file(WRITE ${OUTPUT}.weak "${weak}\n")
run(${OBJCOPY} --localize-symbols=${OUTPUT}.weak ${OUTPUT})
