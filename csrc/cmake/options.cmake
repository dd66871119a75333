# The flags of every C++ file of the project, as one interface target.
find_package(OpenMP REQUIRED COMPONENTS CXX)

add_library(bestiary_options INTERFACE)
target_include_directories(bestiary_options INTERFACE ${PROJECT_SOURCE_DIR}/csrc)
target_compile_options(bestiary_options INTERFACE
  -Wall -Wextra -fno-math-errno)
# GCC 12 sees overlapping copies in every assignment to a std::string (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(bestiary_options INTERFACE -Wno-restrict)
endif()
target_link_libraries(bestiary_options INTERFACE OpenMP::OpenMP_CXX)

if(BESTIARY_DNNL)
  target_compile_definitions(bestiary_options INTERFACE BESTIARY_ONEDNN)
endif()
if(BESTIARY_WERROR)
  target_compile_options(bestiary_options INTERFACE -Werror)
endif()
# Little optimisation and debugging information: checks make both slow to compile.
if(BESTIARY_SANITIZE)
  target_compile_options(bestiary_options INTERFACE
    -fsanitize=${BESTIARY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(bestiary_options INTERFACE -fsanitize=${BESTIARY_SANITIZE})
endif()
