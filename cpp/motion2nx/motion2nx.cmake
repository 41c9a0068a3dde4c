# The target motion2nx: the framework in the built tree MOTION2NX_DIR with all that it needs.
# Its own installed package cannot be used (it names libraries of an older code base), its build tree's targets can.
if(NOT EXISTS "${MOTION2NX_DIR}/src/motioncore/MOTIONTargets.cmake")
  message(FATAL_ERROR "error: MOTION2NX_DIR=${MOTION2NX_DIR} is no built MOTION2NX tree")
endif()

foreach(package Threads OpenSSL OpenMP Eigen3)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "error: MOTION2NX needs ${package}, which was not found")
  endif()
endforeach()
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)  # Boost's own package configuration
endif()
find_package(Boost 1.75 QUIET COMPONENTS context fiber filesystem json log log_setup program_options system thread)
if(NOT Boost_FOUND)
  message(FATAL_ERROR "error: MOTION2NX needs Boost 1.75 or later with context, fiber, filesystem, json, log, program_options, system and thread")
endif()

include("${MOTION2NX_DIR}/src/motioncore/MOTIONTargets.cmake")
# It names folders for what it would have built itself, which are not there if the system has it.
get_target_property(EZMOTION_INCLUDES MOTION::motion INTERFACE_INCLUDE_DIRECTORIES)
list(REMOVE_DUPLICATES EZMOTION_INCLUDES)
foreach(folder ${EZMOTION_INCLUDES})
  if(NOT EXISTS "${folder}")
    list(REMOVE_ITEM EZMOTION_INCLUDES "${folder}")
  endif()
endforeach()
set_target_properties(MOTION::motion PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${EZMOTION_INCLUDES}")

add_library(motion2nx INTERFACE)
target_link_libraries(motion2nx INTERFACE MOTION::motion Boost::program_options Threads::Threads)
# Its inline functions use these instructions; -march=native is how the framework itself is compiled.
target_compile_options(motion2nx INTERFACE -march=native)
