# Python and pybind11, which are required, and oneDNN, which is optional.
if(SKBUILD)
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
else()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
  execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
    OUTPUT_VARIABLE pybind11_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.13 CONFIG REQUIRED)

# The oneDNN wheels install below the prefix of their environment. An isolated pip build has that
# prefix on PATH, where find_package looks by itself; otherwise it is the interpreter's own.
set(BESTIARY_DNNL "")
if(BESTIARY_ONEDNN)
  execute_process(COMMAND ${Python_EXECUTABLE} -c "import sys; print(sys.prefix)"
    OUTPUT_VARIABLE python_prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  find_package(dnnl 3 CONFIG QUIET HINTS ${python_prefix})
  if(dnnl_FOUND)
    set(BESTIARY_DNNL DNNL::dnnl)
    message(STATUS "oneDNN ${dnnl_VERSION} in ${dnnl_DIR}")
  else()
    message(STATUS "oneDNN not found: building with the portable kernels alone")
  endif()
endif()
