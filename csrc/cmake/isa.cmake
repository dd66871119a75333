# Note [One definition per instruction set]
# csrc/cpu/isa/*.cpp is compiled once per instruction set, with ISA defined as the name of the
# variant: the files use it as their namespace. Inline functions and templates that live outside
# that namespace (std::vector, shared headers) would come out as weak symbols of the same name with
# different instructions, and the linker keeps the first it meets: baseline code could end up
# calling the AVX-512 copy of std::vector::push_back and die on an older processor. So the objects
# of a variant are merged into one, and localise_weak.cmake makes every weak symbol in it local.
# Strong symbols stay global; two variants that define the same one do not link.
#
# Therefore these files also share no variables through headers (each variant would have its own),
# and for the same processors' sake they have no static constructors, which would run while the
# module is loaded, before anybody asked what the processor can do. tests/test_project.py checks
# all three.

set(BESTIARY_ISA_NAMES baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  list(APPEND BESTIARY_ISA_NAMES avx2 avx512)
  set(BESTIARY_ISA_FLAGS_avx2 -march=x86-64-v3)
  set(BESTIARY_ISA_FLAGS_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
endif()

# Defines bestiary_isa, which brings the objects of every variant to what links it.
function(bestiary_add_isa_library)
  file(GLOB sources CONFIGURE_DEPENDS csrc/cpu/isa/*.cpp)
  add_library(bestiary_isa INTERFACE)
  if(sources)
    foreach(isa IN LISTS BESTIARY_ISA_NAMES)
      bestiary_add_isa_object(${isa} "${sources}")
    endforeach()
  endif()
endfunction()

function(bestiary_add_isa_object isa sources)
  set(target bestiary_isa_${isa})
  set(merged ${CMAKE_BINARY_DIR}/isa_${isa}.o)
  add_library(${target} OBJECT ${sources})
  target_link_libraries(${target} PRIVATE bestiary_options)
  target_compile_definitions(${target} PRIVATE ISA=${isa})
  # Nobody reads the floating-point exception flags: without them, choices can be vectorised. Results stay the same.
  # Unique symbols, GCC's stronger kind of weak, could not be made local.
  target_compile_options(${target} PRIVATE
    $<$<CONFIG:Release>:-O3> -fno-trapping-math ${BESTIARY_ISA_FLAGS_${isa}}
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  add_custom_command(OUTPUT ${merged}
    COMMAND ${CMAKE_COMMAND} -DLINKER=${CMAKE_LINKER} -DNM=${CMAKE_NM} -DOBJCOPY=${CMAKE_OBJCOPY}
      -DOUTPUT=${merged} "-DOBJECTS=$<TARGET_OBJECTS:${target}>"
      -P ${PROJECT_SOURCE_DIR}/csrc/cmake/localise_weak.cmake
    DEPENDS $<TARGET_OBJECTS:${target}> ${PROJECT_SOURCE_DIR}/csrc/cmake/localise_weak.cmake
    COMMENT "Merging the ${isa} kernels" VERBATIM)
  target_sources(bestiary_isa INTERFACE ${merged})
endfunction()
