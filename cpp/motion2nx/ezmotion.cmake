# The target ezmotion::ezmotion for emitted programs: set MOTION2NX_DIR, and EZMOTION_BUILD_DIR to the folder with
# libezmotion.a if it has been built; otherwise it is built with the program.
include(${CMAKE_CURRENT_LIST_DIR}/motion2nx.cmake)

if(EZMOTION_BUILD_DIR)
  add_library(ezmotion::ezmotion STATIC IMPORTED)
  set_target_properties(ezmotion::ezmotion PROPERTIES IMPORTED_LOCATION "${EZMOTION_BUILD_DIR}/libezmotion.a")
  target_include_directories(ezmotion::ezmotion INTERFACE "${CMAKE_CURRENT_LIST_DIR}/include")
  target_compile_features(ezmotion::ezmotion INTERFACE cxx_std_20)
  target_link_libraries(ezmotion::ezmotion INTERFACE duet::duet motion2nx)
else()
  add_subdirectory(${CMAKE_CURRENT_LIST_DIR} ezmotion)
endif()
